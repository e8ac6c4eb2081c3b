// What is on the page, by the names people know it by.
const blanks = (s) => (s || "").replace(/\s+/g, " ").trim();
const visible = (el) => {
	if (!el.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true })) return false;
	const r = el.getBoundingClientRect();
	return r.width > 0 && r.height > 0;
};
// textOf is what is read of an element: without what is hidden from readers.
const textOf = (el) => {
	if (el.nodeType === Node.TEXT_NODE) return el.nodeValue;
	if (el.nodeType !== Node.ELEMENT_NODE || el.getAttribute("aria-hidden") === "true") return "";
	if (el.tagName === "IMG") return el.alt || "";
	if (el.getAttribute("aria-label")) return el.getAttribute("aria-label");
	const css = getComputedStyle(el);
	if (css.display === "none" || css.visibility === "hidden") return "";
	return [...el.childNodes].map(textOf).join(css.display.startsWith("inline") ? "" : " ");
};
// nameOf is the name of a control (accname, the part that pages use).
const nameOf = (el) => {
	const by = el.getAttribute("aria-labelledby");
	if (by) return blanks(by.split(/\s+/).map((id) => textOf(document.getElementById(id) || document.createTextNode(""))).join(" "));
	if (el.getAttribute("aria-label")) return blanks(el.getAttribute("aria-label"));
	if (el.labels && el.labels.length) {
		const said = blanks([...el.labels].map((l) => [...l.childNodes].filter((n) => n !== el).map(textOf).join(" ")).join(" "));
		if (said) return said;
	}
	if (el.tagName === "INPUT" && ["submit", "button", "reset"].includes(el.type)) return blanks(el.value);
	if (["INPUT", "SELECT", "TEXTAREA"].includes(el.tagName)) return "";
	return blanks(textOf(el)) || blanks(el.getAttribute("title"));
};
const best = (all, name) => all.find((el) => nameOf(el) === name) || all.find((el) => nameOf(el).startsWith(name)) || all.find((el) => nameOf(el).includes(name));
const centre = (el) => {
	el.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
	const r = el.getBoundingClientRect();
	return { found: true, x: r.x + r.width / 2, y: r.y + r.height / 2 };
};
const press = (name) => {
	const all = [...document.querySelectorAll("a[href], button, summary, [role=button], input[type=submit]")].filter(visible);
	const el = best(all, name);
	return el ? centre(el) : { found: false, names: all.map(nameOf) };
};
const field = (label, value) => {
	const all = [...document.querySelectorAll("input, select, textarea")].filter((el) => el.type !== "hidden" && visible(el));
	const el = best(all, label);
	if (!el) return { found: false, names: all.map(nameOf) };
	const changed = () => { el.dispatchEvent(new Event("input", { bubbles: true })); el.dispatchEvent(new Event("change", { bubbles: true })); };
	if (el.tagName === "SELECT") {
		const entry = [...el.options].find((o) => blanks(o.text) === value) || [...el.options].find((o) => blanks(o.text).startsWith(value)) || [...el.options].find((o) => o.value === value);
		if (!entry) return { found: false, names: [...el.options].map((o) => blanks(o.text)) };
		entry.selected = true;
		changed();
		return { found: true, kind: "done" };
	}
	if (["checkbox", "radio"].includes(el.type)) return el.checked === (value === "yes") ? { found: true, kind: "done" } : { ...centre(el), kind: "tick" };
	if (["date", "datetime-local", "time", "month", "color", "number", "range"].includes(el.type)) {
		el.value = value;
		changed();
		return { found: true, kind: "done" };
	}
	const at = centre(el);
	el.focus();
	el.select();
	return { ...at, kind: "text" };
};
