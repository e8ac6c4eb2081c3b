// What pages do better with a script; all of them work without.
"use strict";
(() => {
	const each = (selector, work) => document.querySelectorAll(selector).forEach(work);

	// The eye in a password field (CAB-036).
	each("[data-eye]", (button) => {
		const field = document.getElementById(button.dataset.eye);
		button.hidden = false;
		button.addEventListener("click", () => {
			const show = field.type === "password";
			field.type = show ? "text" : "password";
			button.setAttribute("aria-pressed", String(show));
			button.setAttribute("aria-label", show ? "Скрыть пароль" : "Показать пароль");
		});
		field.form?.addEventListener("submit", () => { field.type = "password"; });
	});

	// Questions before what cannot be taken back.
	each("[data-ask]", (button) => button.addEventListener("click", (e) => {
		if (!window.confirm(button.dataset.ask)) e.preventDefault();
	}));

	// Ticks of a list with a counter (CAB-081): data-ticks on the form, "all" on the box in the header.
	each("form[data-ticks]", (form) => {
		const boxes = () => [...form.querySelectorAll("tbody input[type=checkbox]")];
		const all = form.querySelector("[data-all]"), shown = form.querySelector("[data-chosen]");
		const count = () => {
			const n = boxes().filter((b) => b.checked).length;
			if (shown) shown.textContent = String(n);
			if (all) { all.checked = n > 0 && n === boxes().length; all.indeterminate = n > 0 && n < boxes().length; }
			form.querySelectorAll("[data-needs-choice]").forEach((b) => { b.disabled = n === 0; });
		};
		all?.addEventListener("change", () => { boxes().forEach((b) => { b.checked = all.checked; }); count(); });
		form.addEventListener("change", count);
		count();
	});

	// Filters that apply when changed.
	each("form[data-auto]", (form) => form.addEventListener("change", () => form.requestSubmit()));

	// Menus that scroll on a phone show where one is.
	each(".menu [aria-current], .tabs [aria-current]", (a) => {
		const box = a.parentElement;
		if (box.scrollWidth > box.clientWidth) box.scrollLeft = a.offsetLeft - box.offsetLeft - (box.clientWidth - a.offsetWidth) / 2;
	});

	each("[data-copy]", (button) => {
		button.hidden = false;
		button.addEventListener("click", async () => {
			await navigator.clipboard.writeText(button.dataset.copy);
			button.textContent = "Скопировано";
		});
	});
	each("[data-print]", (button) => { button.hidden = false; button.addEventListener("click", () => window.print()); });

	// Live parts: data-live is the address of an event stream; each event carries HTML
	// that this server made, put before (data-place="before") or in the place of what is there.
	each("[data-live]", (place) => {
		const source = new EventSource(place.dataset.live);
		source.addEventListener("html", (e) => {
			if (place.dataset.place === "before") {
				place.insertAdjacentHTML("afterbegin", e.data);
				while (place.children.length > Number(place.dataset.most || 200)) place.lastElementChild.remove();
			} else {
				place.innerHTML = e.data;
			}
		});
		source.addEventListener("reload", () => { source.close(); location.reload(); });
		window.addEventListener("pagehide", () => source.close());
	});

	if ("serviceWorker" in navigator && window.isSecureContext) navigator.serviceWorker.register("/worker.js").catch(() => {});
})();
