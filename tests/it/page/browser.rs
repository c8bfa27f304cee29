//! A page in the browser, as somebody has it open.

use serde_json::{Value, json};

use super::Served;
use super::chromium::{Chromium, browser};
use crate::support::wait_for;

/// A tab of a browser that shares nothing with others.
pub(crate) struct Tab {
    browser: &'static Chromium,
    context: String,
    session: String,
    address: String,
}

impl Tab {
    /// An empty one, so wide; the page is visited from there.
    pub(crate) async fn open(page: &Served, width: u32) -> Self {
        let address = format!("http://{}", page.http.address);
        // Starting the browser may mean getting it first.
        let browser = tokio::task::spawn_blocking(browser).await.unwrap();
        let context = browser.call(None, "Target.createBrowserContext", &json!({ "disposeOnDetach": true }));
        let context = context["browserContextId"].as_str().unwrap().to_owned();
        let target = browser.call(
            None,
            "Target.createTarget",
            &json!({ "url": "about:blank", "browserContextId": context }),
        );
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call(None, "Target.attachToTarget", &attach);
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        let tab = Self { browser, context, session, address };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            tab.call(&format!("{domain}.enable"), &json!({}));
        }
        tab.resize(width);
        tab
    }

    pub(crate) fn call(&self, method: &str, parameters: &Value) -> Value {
        self.browser.call(Some(&self.session), method, parameters)
    }

    pub(crate) fn resize(&self, width: u32) {
        let parameters =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.call("Emulation.setDeviceMetricsOverride", &parameters);
    }

    pub(crate) fn without_scripts(&self) {
        self.call("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    }

    /// Opens a path of the page and waits until it is there.
    pub(crate) async fn visit(&self, path: &str) {
        self.call("Page.navigate", &json!({ "url": format!("{}{path}", self.address) }));
        self.until(
            "the page is loaded",
            "document.readyState === 'complete' && !!document.querySelector('main')",
        )
        .await;
    }

    /// The value of an expression. (The debugger reads the page also where its own scripts don't run.)
    pub(crate) fn value(&self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", &parameters);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    pub(crate) fn number(&self, expression: &str) -> f64 {
        self.value(expression).as_f64().unwrap_or_else(|| panic!("{expression} is no number"))
    }

    /// The page's text.
    pub(crate) fn text(&self) -> String {
        self.value("document.body ? document.body.innerText : ''").as_str().unwrap_or_default().to_owned()
    }

    pub(crate) async fn until(&self, what: &str, condition: &str) {
        wait_for(what, async || {
            // Between two pages there is no place to ask.
            let parameters = json!({ "expression": format!("!!({condition})"), "returnByValue": true });
            self.call("Runtime.evaluate", &parameters)["result"]["value"] == true
        })
        .await;
    }

    pub(crate) async fn until_it_says(&self, text: &str) {
        let condition = format!("document.body && document.body.innerText.includes({})", json!(text));
        self.until(&format!("the page says `{text}`"), &condition).await;
    }

    /// Presses a key.
    pub(crate) fn press(&self, key: &str, code: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let mut parameters =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                parameters["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", &parameters);
        }
    }

    /// Goes on with the Tab key until the focus is on what the selector means.
    pub(crate) fn tab_to(&self, selector: &str) {
        for _ in 0..100 {
            self.press("Tab", 9, "");
            let on_it = format!("document.activeElement.matches({})", json!(selector));
            if self.value(&on_it) == true {
                return;
            }
        }
        panic!("the Tab key never comes to {selector}");
    }

    /// Types into what has the focus.
    pub(crate) fn write(&self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// Clicks in the middle of what the selector means.
    pub(crate) fn click(&self, selector: &str) {
        let place = self.value(&format!(
            "(() => {{ const one = document.querySelector({}); one.scrollIntoView({{ block: 'center' }}); \
             const box = one.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()",
            json!(selector)
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let parameters =
                json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", &parameters);
        }
    }

    /// Fails when the page has complained: of its scripts, its policy, or what it couldn't load.
    #[track_caller]
    pub(crate) fn is_quiet(&self) {
        let complaints: Vec<Value> = self
            .browser
            .events(&self.session)
            .into_iter()
            .filter(|event| match event["method"].as_str() {
                Some("Runtime.exceptionThrown") => true,
                Some("Log.entryAdded") => event["params"]["entry"]["level"] != "verbose",
                Some("Runtime.consoleAPICalled") => {
                    ["error", "warning", "assert"].iter().any(|kind| event["params"]["type"] == *kind)
                }
                _ => false,
            })
            .collect();
        assert!(complaints.is_empty(), "{complaints:#?}");
    }

    /// Where the page has sent requests to, beside itself.
    pub(crate) fn strangers(&self) -> Vec<String> {
        let events = self.browser.events(&self.session);
        let urls = events
            .iter()
            .filter(|event| event["method"] == "Network.requestWillBeSent")
            .filter_map(|event| event["params"]["request"]["url"].as_str().map(str::to_owned));
        urls.filter(|url| !url.starts_with(&self.address) && !url.starts_with("about:")).collect()
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.browser.call(
                None,
                "Target.disposeBrowserContext",
                &json!({ "browserContextId": self.context }),
            );
        }
    }
}
