// Keeps the files of the page, so that it works offline after the first visit.

const VERSION = "@version@";
const FILES = /** @type {any} */ ("@files@");
const CACHE = `kwskit ${VERSION}`;
const worker = /** @type {any} */ (globalThis);

worker.addEventListener("install", (/** @type {any} */ event) => {
  const keep = async () => (await caches.open(CACHE)).addAll(["./", ...FILES].map((name) => new Request(name, { cache: "no-cache" })));
  event.waitUntil(keep().then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (/** @type {any} */ event) => {
  const clean = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("kwskit ") && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await worker.clients.claim();
  };
  event.waitUntil(clean());
});

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const kept = async () => (await (await caches.open(CACHE)).match(event.request, { ignoreSearch: true })) ?? fetch(event.request);
  if (event.request.method === "GET") event.respondWith(kept());
});
