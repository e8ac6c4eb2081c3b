// The shell of the installed application: pages come from the network, and when there
// is none a page says so. Nothing of a client's data is kept on the device.
"use strict";
const shell = "shell-1";
self.addEventListener("install", (e) => {
	e.waitUntil(caches.open(shell).then((c) => c.addAll(["/offline", "/assets/style.css"])).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (e) => {
	e.waitUntil(caches.keys().then((names) => Promise.all(names.filter((n) => n !== shell).map((n) => caches.delete(n)))).then(() => self.clients.claim()));
});
self.addEventListener("fetch", (e) => {
	if (e.request.mode !== "navigate") return;
	e.respondWith(fetch(e.request).catch(() => caches.match("/offline")));
});
