export { Spotter } from "./spotter.js";
export { Microphone } from "./microphone.js";
