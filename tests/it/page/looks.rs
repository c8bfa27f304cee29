//! How pages look: on a phone and on a desk, in light and dark, to those who see them and those who hear them.

use serde_json::json;

use super::Served;
use super::browser::Tab;
use crate::support::{Database, Project};

/// What is wrong with a page, as its own document tells.
const WRONG: &str = r"(() => {
    const wrong = [];
    const name = (node) => node.outerHTML.slice(0, 120);
    if (document.documentElement.scrollWidth > innerWidth) {
        wrong.push(`it scrolls to the side: ${document.documentElement.scrollWidth} > ${innerWidth}`);
    }
    for (const field of document.querySelectorAll('input:not([type=hidden]), select')) {
        if (!field.labels.length) wrong.push(`no label: ${name(field)}`);
    }
    for (const one of document.querySelectorAll('a, button, summary')) {
        if (!one.innerText.trim() && one.checkVisibility()) wrong.push(`nothing to read: ${name(one)}`);
    }
    for (const one of document.querySelectorAll('button, .act summary, nav a')) {
        const box = one.getBoundingClientRect();
        if (one.checkVisibility() && box.height < 24) wrong.push(`too small to touch: ${name(one)}`);
    }
    const ids = [...document.querySelectorAll('[id]')].map((node) => node.id);
    for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push(`twice: ${id}`);
    for (const role of ['header', 'nav', 'main', 'footer']) if (!document.querySelector(role)) wrong.push(`no ${role}`);
    if (document.querySelectorAll('h1').length !== 1) wrong.push('not one h1');
    for (const svg of document.querySelectorAll('svg')) {
        if (!svg.closest('[aria-hidden=true], [role=img]')) wrong.push(`unnamed: ${name(svg)}`);
    }
    return wrong;
})()";

#[tokio::test]
async fn every_page_fits_on_a_phone_and_a_desk_and_speaks_to_all() {
    let long =
        "a_name_that_somebody_has_given_without_ever_having_to_read_it_on_a_phone_in_the_night_before_payday";
    let project = Project::example(Database::payroll().await);
    project.database.execute("CREATE TABLE items (id int PRIMARY KEY, old text, new int)").await;
    project.database.execute("INSERT INTO items SELECT i, CASE i WHEN 7 THEN 'x' ELSE '1' END FROM generate_series(1, 50) AS i").await;
    let job = "[job]\ntable = \"items\"\nset = { new = \"old::int\" }\n";
    project.write(&format!("{long}.toml"), job);
    project
        .write("kept.toml", &format!("{job}\n[quarantine]\nmax = 10\n").replace("old::int", "old::int + 1"));
    project.longhaul(&["run", "backfill_gross_amount"]).await.succeeded();
    project.longhaul(&["run", long]).await.ended_with(1);
    project.longhaul(&["run", "kept"]).await.ended_with(5);
    let page = Served::of(&project).await;
    let tab = Tab::open(&page, 1280).await;
    let paths = [
        "/",
        "/history",
        "/revisions/5c1d7e88a0f4",
        "/runs/1",
        "/runs/2",
        "/runs/2/cancel",
        "/runs/3/quarantine",
        "/runs/1/batches",
        "/events",
        "/runs/99",
    ];
    for path in paths {
        tab.visit(path).await;
        // Everything that can be opened is.
        tab.value("document.querySelectorAll('details').forEach((one) => (one.open = true))");
        for width in [1280, 360] {
            tab.resize(width);
            for scheme in ["light", "dark"] {
                let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
                tab.call("Emulation.setEmulatedMedia", &media);
                let ground = tab.value("getComputedStyle(document.body).backgroundColor");
                let expected = if scheme == "light" { "rgb(246, 247, 249)" } else { "rgb(17, 22, 28)" };
                assert_eq!(ground, expected, "{path}");
                assert_eq!(tab.value(WRONG), json!([]), "{path}, {width} wide, {scheme}");
            }
        }
    }
    assert_eq!(tab.strangers(), Vec::<String>::new());
}
