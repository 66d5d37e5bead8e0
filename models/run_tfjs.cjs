// Runs a published graph by TensorFlow.js on one picture: node run_tfjs.cjs GRAPH.json WEIGHTS.bin PICTURE SIDE
// PICTURE is raw int32 RGB (side, side, 3); the answer is printed as one JSON array. Needs @tensorflow/tfjs (npm).
const fs = require("node:fs");
const tf = require("@tensorflow/tfjs");

async function main([graph, weights, picture, side]) {
  const { modelTopology, signature, weightsManifest } = JSON.parse(fs.readFileSync(graph));
  const blob = fs.readFileSync(weights);
  const model = await tf.loadGraphModel(tf.io.fromMemory({
    modelTopology,
    signature,
    weightSpecs: weightsManifest.flatMap((group) => group.weights),
    weightData: blob.buffer.slice(blob.byteOffset, blob.byteOffset + blob.length),
  }));
  const raw = fs.readFileSync(picture);
  const pixels = new Int32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length));
  const answer = model.execute(tf.tensor(pixels, [1, Number(side), Number(side), 3], "int32"));
  console.log(JSON.stringify(Array.from(answer.dataSync())));
}

main(process.argv.slice(2));
