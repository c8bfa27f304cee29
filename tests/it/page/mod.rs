//! The status page, over HTTP and in a browser.

mod access;
mod browser;
mod changes;
mod chromium;
mod http;
mod looks;
mod many;
mod shown;
mod story;
mod trouble;

use std::ffi::OsStr;

use crate::support::{Process, Project};
use http::Http;

/// A page that is being served.
pub(crate) struct Served {
    pub(crate) process: Process,
    pub(crate) http: Http,
}

impl Served {
    pub(crate) async fn of(project: &Project) -> Self {
        Self::with(project, &[]).await
    }

    pub(crate) async fn with(project: &Project, arguments: &[&str]) -> Self {
        Self::with_variables::<&str>(project, &[], arguments).await
    }

    pub(crate) async fn with_variables<V: AsRef<OsStr> + Copy>(
        project: &Project,
        variables: &[(&str, V)],
        arguments: &[&str],
    ) -> Self {
        let all = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        Self::heard(project.spawn_with(variables, &all)).await
    }

    /// Once it says where it is.
    pub(crate) async fn heard(mut process: Process) -> Self {
        process.hear("the page is at http://").await;
        process.hear("/\n").await;
        let said = process.said();
        let address = said.split("the page is at http://").nth(1).and_then(|rest| rest.split('/').next());
        let http = Http::at(address.expect("it says its address"));
        Self { process, http }
    }
}
