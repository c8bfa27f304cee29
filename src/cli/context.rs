//! What every command that talks to a database needs.

use std::path::Path;
use std::sync::Arc;

use super::args::Global;
use super::confirm;
use super::exit;
use super::failure::Failure;
use super::printer::Printer;
use crate::clock::Clock;
use crate::config::{ConfigError, Environment, LogTo, Overrides, Settings};
use crate::engine::{Engine, Observer, Stop};
use crate::manifest::Manifest;
use crate::observe::alerts::{AlertSource, Alerts};
use crate::observe::logs::{self, Log, LogError};
use crate::observe::metrics::ProcessMetrics;
use crate::observe::{Fan, Terminal};
use crate::pg::{Connection, Connector};
use crate::store::{Identity, Store};

/// Settings and what follows from them. Nothing of it has touched the database yet.
pub(crate) struct Context<'c> {
    pub(crate) clock: &'c Clock,
    pub(crate) printer: &'c Printer,
    pub(crate) settings: Settings,
    pub(crate) environment: Environment,
    pub(crate) store: Store,
    pub(crate) identity: Identity,
    /// Whether a person is there to be asked before anything is undone.
    pub(crate) asks: bool,
}

impl<'c> Context<'c> {
    pub(crate) fn new(global: &Global, clock: &'c Clock, printer: &'c Printer) -> Result<Self, Failure> {
        let environment = Environment::read(Path::new(".")).map_err(ConfigError::from)?;
        let overrides = Overrides {
            file: global.config.clone(),
            environment: global.env.clone(),
            database_url: global.database_url.clone(),
            dirs: global.dir.clone(),
        };
        let mut settings = Settings::load(&overrides, &environment)?;
        settings.log.to = global.log.as_deref().map(LogTo::named).or(settings.log.to);
        logs::install(&settings.log).map_err(|error| unwritable(&error))?;
        if settings.log.to == Some(LogTo::Stderr) {
            printer.leave_to_log(settings.log.format);
        }
        let store = Store::new(&settings.schema);
        let actor = whoami::username().unwrap_or_else(|_| "unknown".to_owned());
        let identity = Identity::of_this_process(&actor);
        Ok(Self { clock, printer, settings, environment, store, identity, asks: confirm::asks(global) })
    }

    /// The files, checked.
    pub(crate) fn manifest(&self) -> Result<Manifest, Failure> {
        Ok(Manifest::load(&self.settings.dirs)?)
    }

    /// Makes connections to the database; an error when none is named.
    pub(crate) fn connector(&self) -> Result<Connector, Failure> {
        Ok(Connector::new(self.settings.target()?.clone(), self.settings.connect_timeout))
    }

    /// Makes connections to the database, or, where none is named, fails when it is to make one.
    pub(crate) fn any_connector(&self) -> Connector {
        let target = self.settings.target.clone().unwrap_or_default();
        Connector::new(target, self.settings.connect_timeout)
    }

    /// What does the work of `run` and `upgrade`.
    pub(crate) fn engine<'e>(
        &'e self,
        connector: &'e Connector,
        observer: &'e dyn Observer,
        stop: &'e Stop,
    ) -> Engine<'e> {
        Engine {
            clock: self.clock,
            settings: &self.settings,
            connector,
            store: &self.store,
            identity: &self.identity,
            observer,
            stop,
        }
    }

    /// Whoever is told what happens: the terminal, and the log where one is wanted.
    pub(crate) fn observer(&self, terminal: Arc<Terminal>) -> Arc<dyn Observer> {
        if self.settings.log.to.is_none() {
            return terminal;
        }
        Arc::new(Fan::new(vec![terminal, Arc::new(Log::default())]))
    }

    /// The same, with the figures that this process serves.
    pub(crate) fn observer_with(
        &self,
        terminal: Arc<Terminal>,
        metrics: Option<Arc<ProcessMetrics>>,
    ) -> Arc<dyn Observer> {
        let observer = self.observer(terminal);
        match metrics {
            Some(metrics) => Arc::new(Fan::new(vec![observer, metrics])),
            None => observer,
        }
    }

    /// Begins to tell people what happens, beside whatever follows; to be finished at its end.
    pub(crate) fn alerts(&self, connector: &Connector, observer: Arc<dyn Observer>) -> Alerts {
        let source = AlertSource::new(self.clock, connector, &self.settings, &self.identity, observer);
        Alerts::begin(source)
    }

    /// What the work came to, once the last messages had some seconds to go out.
    pub(crate) async fn finish<T>(&self, alerts: Alerts, worked: Result<T, Failure>) -> Result<T, Failure> {
        alerts.finish(worked.as_ref().err().map(|failure| failure.logged().to_owned())).await;
        worked
    }

    /// A connection for reading the control schema; `None` when there is no control schema yet.
    pub(crate) async fn reader(&self, purpose: &str) -> Result<Option<Connection>, Failure> {
        let connection = self.connector()?.connect(purpose).await?;
        Ok(self.store.is_readable(&connection).await?.then_some(connection))
    }
}

fn unwritable(error: &LogError) -> Failure {
    let hint = "name a file that can be written, or \"-\" for standard error: --log, or `to` under [log]";
    Failure::from_error(exit::USAGE, error).hint(Some(hint.to_owned()))
}
