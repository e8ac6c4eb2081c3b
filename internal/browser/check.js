// What somebody with a screen reader, a keyboard or a phone would stumble over
// (WCAG 2.2: 1.1.1, 1.3.1, 1.4.3, 1.4.10, 2.4.2, 2.4.4, 2.5.8, 3.1.1, 4.1.2).
const where = (el) => {
	let s = el.tagName.toLowerCase();
	if (el.id) s += "#" + el.id;
	else if (el.getAttribute("name")) s += "[name=" + el.getAttribute("name") + "]";
	else if (typeof el.className === "string" && el.className) s += "." + el.className.trim().split(/\s+/).join(".");
	const text = blanks(el.textContent).slice(0, 40);
	return text ? s + " «" + text + "»" : s;
};
const colour = (text) => {
	const m = /^rgba?\(([^)]+)\)$/.exec(text) || /^color\(srgb ([^)]+)\)$/.exec(text);
	if (!m) return null;
	let p = m[1].split(/[\s,/]+/).filter(Boolean).map(Number);
	if (text.startsWith("color(")) p = [p[0] * 255, p[1] * 255, p[2] * 255, p[3]];
	return { r: p[0], g: p[1], b: p[2], a: p[3] === undefined || Number.isNaN(p[3]) ? 1 : p[3] };
};
const over = (top, under) => ({ r: top.r * top.a + under.r * (1 - top.a), g: top.g * top.a + under.g * (1 - top.a), b: top.b * top.a + under.b * (1 - top.a), a: 1 });
const behind = (el) => { // what is painted behind the text of an element
	const layers = [];
	for (let e = el; e; e = e.parentElement) {
		const c = colour(getComputedStyle(e).backgroundColor);
		if (c && c.a > 0) layers.push(c);
		if (c && c.a === 1) break;
	}
	let base = matchMedia("(prefers-color-scheme: dark)").matches && !matchMedia("print").matches ? { r: 18, g: 18, b: 18, a: 1 } : { r: 255, g: 255, b: 255, a: 1 };
	for (const l of layers.reverse()) base = over(l, base);
	return base;
};
const under = (text) => { // what a drawing has painted behind a text of it
	text.scrollIntoView({ block: "center", behavior: "instant" });
	const r = text.getBoundingClientRect();
	for (const el of document.elementsFromPoint(r.x + r.width / 2, r.y + r.height / 2)) {
		if (el === text || text.contains(el) || !el.ownerSVGElement) continue;
		const c = colour(getComputedStyle(el).fill);
		if (c && c.a === 1 && ["circle", "rect", "path", "ellipse", "polygon"].includes(el.tagName)) return c;
	}
	return behind(text.ownerSVGElement);
};
const bright = (c) => {
	const f = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
	return 0.2126 * f(c.r) + 0.7152 * f(c.g) + 0.0722 * f(c.b);
};
const ratio = (a, b) => { const [x, y] = [bright(a), bright(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
const hex = (c) => "#" + [c.r, c.g, c.b].map((v) => Math.round(v).toString(16).padStart(2, "0")).join("");

const check = (phone) => {
	const found = [];
	const say = (rule, el, text) => found.push({ rule, where: el ? where(el) : "page", text });
	const shown = (selector) => [...document.querySelectorAll(selector)].filter(visible);

	if (!document.documentElement.lang) say("lang", null, "the page does not say its language");
	if (!blanks(document.title)) say("title", null, "the page has no title");
	if (shown("main").length !== 1) say("main", null, shown("main").length + " main parts");
	const heads = shown("h1,h2,h3,h4,h5,h6");
	const firsts = heads.filter((h) => h.tagName === "H1");
	if (firsts.length !== 1) say("one-h1", null, firsts.length + " headings of the first level");
	let level = 0;
	for (const h of heads) {
		const n = Number(h.tagName[1]);
		if (n > level + 1) say("heading-order", h, "level " + n + " after " + level);
		if (!blanks(textOf(h))) say("heading-empty", h, "an empty heading");
		level = n;
	}
	for (const el of shown("input, select, textarea")) {
		if (!["hidden", "submit", "button", "reset"].includes(el.type) && !nameOf(el)) say("label", el, "a field without a label");
	}
	for (const el of shown("a[href], button, summary, [role=button], input[type=submit]")) {
		if (!nameOf(el)) say("name", el, "a link or button without a name");
	}
	for (const el of shown("img")) if (!el.hasAttribute("alt")) say("image-alt", el, "a picture without alt");
	for (const el of shown("svg")) {
		if (el.closest("[aria-hidden=true]")) continue;
		const named = el.getAttribute("aria-label") || el.getAttribute("aria-labelledby") || [...el.children].some((c) => c.tagName.toLowerCase() === "title");
		if (el.getAttribute("role") !== "img" || !named) say("svg", el, "a drawing is neither hidden nor named as a picture");
	}
	const ids = new Map();
	for (const el of document.querySelectorAll("[id]")) ids.set(el.id, (ids.get(el.id) || 0) + 1);
	for (const [id, n] of ids) if (n > 1) say("duplicate-id", document.getElementById(id), n + " things with the id " + id);
	for (const attribute of ["for", "aria-describedby", "aria-labelledby", "aria-controls"]) {
		for (const el of document.querySelectorAll("[" + attribute + "]")) {
			for (const id of el.getAttribute(attribute).split(/\s+/)) if (!ids.has(id)) say("reference", el, attribute + " names nobody: " + id);
		}
	}
	const navs = shown("nav");
	if (navs.length > 1) for (const el of navs) if (!el.getAttribute("aria-label") && !el.getAttribute("aria-labelledby")) say("nav-name", el, "one of several navigations has no name");
	for (const el of document.querySelectorAll("[tabindex]")) if (el.tabIndex > 0) say("tabindex", el, "a positive tabindex breaks the order");
	for (const el of shown("table")) if (!el.querySelector("th") && el.getAttribute("role") !== "presentation") say("table-head", el, "a table without headings");
	for (const el of shown("th")) if (!el.hasAttribute("scope")) say("table-scope", el, "a heading of a table does not say of what");
	for (const el of shown("ul, ol")) for (const c of el.children) if (!["LI", "SCRIPT", "TEMPLATE"].includes(c.tagName)) say("list", c, "something else than an entry in a list");

	// Contrast of every text that is seen.
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const told = new Set();
	for (let n = walker.nextNode(); n; n = walker.nextNode()) {
		const el = n.parentElement;
		if (!blanks(n.nodeValue) || !visible(el) || el.closest("[disabled],script,style,noscript,option")) continue;
		const css = getComputedStyle(el);
		const inside = el.closest("svg");
		if (inside && inside.closest("[aria-hidden=true]")) continue;
		let ink = colour(inside ? css.fill : css.color);
		if (!ink) continue;
		let opacity = 1;
		for (let e = el; e; e = e.parentElement) opacity *= Number(getComputedStyle(e).opacity);
		const paper = inside ? under(el) : behind(el);
		ink = over({ ...ink, a: ink.a * opacity }, paper);
		const px = parseFloat(css.fontSize), bold = Number(css.fontWeight) >= 700;
		const least = px >= 24 || (bold && px >= 18.66) ? 3 : 4.5;
		const r = ratio(ink, paper);
		const key = hex(ink) + hex(paper) + where(el).split(" «")[0];
		if (r < least && !told.has(key)) { told.add(key); say("contrast", el, r.toFixed(2) + ":1 of " + hex(ink) + " on " + hex(paper)); }
	}

	if (document.documentElement.scrollWidth > document.documentElement.clientWidth) {
		const wide = shown("body *").filter((el) => el.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && ![...el.children].some((c) => c.getBoundingClientRect().right > document.documentElement.clientWidth + 1));
		const cut = wide.find((el) => { for (let e = el.parentElement; e; e = e.parentElement) if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(e).overflowX)) return false; return true; });
		say("overflow", cut || null, document.documentElement.scrollWidth + " pixels wide in a window of " + document.documentElement.clientWidth);
	}
	if (phone) {
		const targets = shown("a[href], button, summary, input:not([type=hidden]), select, textarea, [role=button]");
		const boxes = targets.map((el) => (el.labels && el.labels[0] && el.labels[0].contains(el) ? el.labels[0] : el).getBoundingClientRect());
		targets.forEach((el, i) => {
			const r = boxes[i];
			// A mark in a drawing has its equal in the list beside it.
			if (el.ownerSVGElement) return;
			if ((r.width >= 24 && r.height >= 24) || el.classList.contains("skip")) return;
			// A link within a sentence is as high as its line; a small target with room around is fine.
			if (el.tagName === "A" && getComputedStyle(el).display === "inline" && [...el.parentElement.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && blanks(n.nodeValue).length > 1)) return;
			const cx = r.x + r.width / 2, cy = r.y + r.height / 2;
			const near = boxes.some((o, j) => j !== i && !targets[j].contains(el) && !el.contains(targets[j]) &&
				Math.hypot(Math.max(o.left - cx, 0, cx - o.right), Math.max(o.top - cy, 0, cy - o.bottom)) < 12);
			if (near) say("target-size", el, Math.round(r.width) + "×" + Math.round(r.height) + " pixels beside another target");
		});
	}
	return found;
};

// stops are the things a keyboard reaches, in the order of the page.
const stops = () => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
	.filter((el) => !el.disabled && el.tabIndex >= 0 && el.checkVisibility({ visibilityProperty: true }) && !(el.type === "radio" && el.name && !el.checked && document.querySelector("input[type=radio][name='" + el.name + "']:checked")));
const focus = () => {
	const el = document.activeElement;
	if (!el || el === document.body) return { index: -1, where: "nothing", seen: false };
	const css = getComputedStyle(el);
	// Parts of a date are stops of their own.
	const parts = ["date", "datetime-local", "time", "month"].includes(el.type);
	return { parts, frame: el.tagName === "IFRAME", index: stops().indexOf(el), where: where(el), seen: (css.outlineStyle !== "none" && parseFloat(css.outlineWidth) > 0) || css.boxShadow !== "none", of: stops().length };
};
