// The microphone, in chunks of 100 ms.

export class Microphone {
  // heard(Int16Array at 16 kHz) is called for each chunk.
  async open(heard) {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error("Browsers give the microphone only to pages from this machine (localhost) or by https.");
    }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
      });
    } catch (error) {
      const told = {
        NotAllowedError: "The browser was not allowed to use the microphone.",
        NotFoundError: "No microphone was found.",
        NotReadableError: "The microphone is in use elsewhere.",
      };
      throw new Error(told[error.name] ?? `The microphone cannot be used: ${error.message}`);
    }
    this.context = new AudioContext();
    await this.context.audioWorklet.addModule(new URL("microphone_worklet.js", import.meta.url));
    const node = new AudioWorkletNode(this.context, "to-16k");
    node.port.onmessage = ({ data }) => heard(new Int16Array(data));
    this.context.createMediaStreamSource(this.stream).connect(node).connect(this.context.destination); // silent
    await this.context.resume();
  }

  close() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.context?.close();
    this.stream = this.context = null;
  }
}
