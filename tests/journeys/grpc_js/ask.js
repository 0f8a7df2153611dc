"use strict";
/* Asks the gateway with @grpc/grpc-js, as an integrator on Node.js would: the contract from the .proto files, or over reflection.
 *
 * Takes one JSON order on standard input, and prints one JSON line:
 *   {by: "files" | "v1" | "v1alpha", address, serverName, ca, cert, key, roots, method, request, seconds}
 *   -> {answer, bytes: the answer written again by this side} or {error: {code, message, details: [{type, ...}]}}
 */

const fs = require("node:fs");
const path = require("node:path");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const FORM = { keepCase: true, longs: String, enums: String, bytes: String, defaults: true, oneofs: true };
const DETAILS = "grpc-status-details-bin";
const RICH = ["google.rpc.Status", "google.rpc.ErrorInfo", "google.rpc.BadRequest", "google.rpc.RetryInfo", "google.rpc.LocalizedMessage"];
const FILES = ["kuacheng/v1/evidence_service.proto", "kuacheng/v1/directory_service.proto", "google/rpc/status.proto", "google/rpc/error_details.proto"];

function connection(order) {
  const tls = grpc.credentials.createSsl(...[order.ca, order.key, order.cert].map((file) => (file ? fs.readFileSync(file) : null)));
  return [order.address, order.plaintext ? grpc.credentials.createInsecure() : tls, { "grpc.ssl_target_name_override": order.serverName }];
}

/** A FileDescriptorSet is its files as field 1, so their bytes need not be understood. */
function descriptorSet(files) {
  const parts = files.map((file) => {
    const head = [0x0a];
    let length = file.length;
    for (; length > 127; length >>>= 7) head.push((length & 127) | 128);
    return Buffer.concat([Buffer.from([...head, length]), file]);
  });
  return Buffer.concat(parts);
}

/** The contract as the gateway itself describes it. */
function reflected(order, symbols) {
  const own = path.dirname(require.resolve("@grpc/reflection/package.json"));
  const definition = loader.loadSync(`build/proto/grpc/reflection/${order.by}/reflection.proto`, { includeDirs: [own] });
  const reflection = grpc.loadPackageDefinition(definition).grpc.reflection[order.by];
  const client = new reflection.ServerReflection(...connection(order));
  return new Promise((resolve, reject) => {
    const files = new Map();
    const stream = client.ServerReflectionInfo({ deadline: Date.now() + order.seconds * 1000 });
    stream.on("data", (said) => {
      if (said.errorResponse) reject(new Error(`reflection: ${said.errorResponse.errorMessage}`));
      for (const file of said.fileDescriptorResponse.fileDescriptorProto) files.set(file.toString("base64"), file);
    });
    stream.on("error", reject);
    stream.on("end", () => {
      client.close();
      resolve(loader.loadFileDescriptorSetFromBuffer(descriptorSet([...files.values()]), FORM));
    });
    for (const symbol of symbols) stream.write({ fileContainingSymbol: symbol });
    stream.end();
  });
}

async function contract(order) {
  if (order.by !== "files") return reflected(order, ["kuacheng.v1.EvidenceService", "kuacheng.v1.DirectoryService", ...RICH]);
  return loader.loadSync(FILES, { ...FORM, includeDirs: order.roots });
}

/** The google.rpc details of an error, each decoded by its own type. */
function told(error, types) {
  const [packed] = error.metadata ? error.metadata.get(DETAILS) : [];
  const status = packed ? types["google.rpc.Status"].deserialize(packed) : { details: [] };
  const details = status.details.map((any) => {
    const type = any.type_url.split("/").pop();
    return { type, ...types[type].deserialize(Buffer.from(any.value, "base64")) };
  });
  return { code: grpc.status[error.code] ?? "NONE", message: error.details ?? error.message, details };
}

async function ask(order) {
  let types = {};
  try {
    types = await contract(order);
    const [service, method] = order.method.split("/");
    const Client = service.split(".").reduce((part, name) => part[name], grpc.loadPackageDefinition(types));
    const client = new Client(...connection(order));
    const deadline = Date.now() + order.seconds * 1000;
    const answer = await new Promise((resolve, reject) => {
      client[method](order.request, { deadline }, (error, response) => (error ? reject(error) : resolve(response)));
    });
    client.close();
    return { answer, bytes: types[service][method].responseSerialize(answer).toString("base64") };
  } catch (error) {
    if (error.code === undefined) throw error;
    return { error: told(error, types) };
  }
}

ask(JSON.parse(fs.readFileSync(0, "utf8"))).then((said) => {
  process.stdout.write(`${JSON.stringify(said)}\n`, () => process.exit(0));
});
