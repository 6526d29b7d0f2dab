// A websocket that is sent what the microphone hears.

import { query } from "/static/server.js";

// told: {message(what the server says), closed()}; returns {send(chunk), end()}.
export function openSocket(keywords, told) {
  const address = new URL(`/api/listen?${query(keywords)}`, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address);
  let waiting = [];
  let ended = false;
  socket.addEventListener("open", () => {
    waiting.forEach((chunk) => socket.send(chunk));
    waiting = [];
    if (ended) socket.send("end");
  });
  socket.addEventListener("message", ({ data }) => told.message(JSON.parse(data)));
  socket.addEventListener("close", () => told.closed());
  return {
    send(chunk) {
      if (socket.readyState === WebSocket.OPEN) socket.send(chunk);
      else waiting.push(chunk);
    },
    end() {
      ended = true;
      if (socket.readyState === WebSocket.OPEN) socket.send("end");
    },
  };
}
