// `npm run gen`: the .proto files, through protoc's descriptor set, become the
// codecs beside this file. `--out DIR` writes elsewhere (the drift test does).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const { FileDescriptorSet } = require('google-protobuf/google/protobuf/descriptor_pb.js');

const here = dirname(fileURLToPath(import.meta.url));
const protoRoot = join(here, '..', 'proto');

/** Output file of each proto file; Google's own share one. */
const outputs = {
  'google/protobuf/any.proto': 'google',
  'google/protobuf/timestamp.proto': 'google',
  'google/protobuf/wrappers.proto': 'google',
  'google/protobuf/field_mask.proto': 'google',
  'flow/flow.proto': 'flow',
  'relay/relay.proto': 'relay',
  'observer/observer.proto': 'observer',
  'peer/peer.proto': 'peer',
  'grpc/health/v1/health.proto': 'health',
  'hubtop/v1/hubtop.proto': 'hubtop',
};

/** Messages whose field numbers the hand-written scan and template use. */
const numbered = ['observer.GetFlowsResponse', 'flow.Flow', 'flow.Layer4', 'flow.TCP', 'flow.TCPFlags', 'flow.UDP', 'flow.SCTP', 'flow.ICMPv4',
  'flow.ICMPv6', 'flow.IP', 'flow.Ethernet', 'flow.Layer7', 'flow.DNS', 'flow.HTTP', 'flow.HTTPHeader', 'flow.Kafka', 'flow.CiliumEventType', 'flow.LostEvent', 'flow.Aggregate',
  'flow.NetworkInterface', 'flow.Emitter', 'flow.FileInfo', 'flow.Service', 'google.protobuf.Timestamp', 'google.protobuf.BoolValue', 'google.protobuf.Any',
  'hubtop.v1.FlowExtension'];

// descriptor.proto, FieldDescriptorProto.Type
const letters = { 1: 'd', 2: 'f', 3: 'I', 4: 'U', 5: 'i', 8: 'b', 9: 's', 11: 'm', 12: 'y', 13: 'u', 14: 'e' };
// https://protobuf.dev/programming-guides/encoding: varint 0, 64 bits 1, delimited 2, 32 bits 5
const wireTypes = { d: 1, f: 5, s: 2, y: 2, m: 2 };
const REPEATED = 3;
const JS_NUMBER = 2;

const tsTypes = { d: 'number', f: 'number', I: 'bigint', U: 'bigint', N: 'number', i: 'number', b: 'boolean', s: 'string', y: 'Uint8Array', u: 'number', e: 'number' };
const methods = { d: 'Double', f: 'Float', I: 'Int64', U: 'Uint64', N: 'Uint64', i: 'Int32', b: 'Bool', y: 'Bytes', u: 'Uint32', e: 'Enum' };

function loadDescriptors() {
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-gen-'));
  try {
    const out = join(folder, 'set');
    execFileSync('protoc', ['-I', protoRoot, '--include_imports', '--include_source_info', '-o', out, ...Object.keys(outputs)]);
    return FileDescriptorSet.deserializeBinary(new Uint8Array(readFileSync(out))).getFileList();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Comment of a declaration by its path in the file, on one line. */
function commentsOf(file) {
  const comments = new Map();
  for (const location of file.getSourceCodeInfo()?.getLocationList() ?? []) {
    const text = location.getLeadingComments() || location.getTrailingComments();
    if (text) comments.set(location.getPathList().join('.'), text.trim().replaceAll(/\s*\n\s*/g, ' ').replaceAll('*/', '* /'));
  }
  return comments;
}

/** Every message and enum of a file, nested ones first, with the name it has in TypeScript. */
function collect(file) {
  const comments = file.getPackage() === 'google.protobuf' ? new Map() : commentsOf(file);
  const found = [];
  const visit = (message, prefix, path) => {
    const name = prefix + message.getName();
    message.getNestedTypeList().forEach((nested, i) => visit(nested, `${name}_`, `${path}.3.${i}`));
    message.getEnumTypeList().forEach((nested, i) => found.push({ kind: 'enum', name: `${name}_${nested.getName()}`, descriptor: nested, comment: comments.get(`${path}.4.${i}`) }));
    found.push({ kind: 'message', name, descriptor: message, comment: comments.get(path), fieldComment: (i) => comments.get(`${path}.2.${i}`) });
  };
  file.getMessageTypeList().forEach((message, i) => visit(message, '', `4.${i}`));
  file.getEnumTypeList().forEach((descriptor, i) => found.push({ kind: 'enum', name: descriptor.getName(), descriptor, comment: comments.get(`5.${i}`) }));
  const fullPrefix = file.getPackage() === '' ? '' : `${file.getPackage()}.`;
  return found.map((entry) => ({ ...entry, full: fullPrefix + entry.name.replaceAll('_', '.'), module: outputs[file.getName()] }));
}

function fieldsOf(message, entry, byFull) {
  return message.getFieldList().map((field, i) => {
    const isNumber = field.getOptions()?.getJstype() === JS_NUMBER;
    const letter = letters[field.getType()];
    if (letter === undefined) throw new Error(`${entry.full}.${field.getName()}: type ${field.getType()} is not supported`);
    if (isNumber && letter !== 'U') throw new Error(`${entry.full}.${field.getName()}: JS_NUMBER is for uint64 here`);
    const oneof = field.hasOneofIndex() ? message.getOneofDeclList()[field.getOneofIndex()].getName() : undefined;
    if (oneof !== undefined && letter !== 'm') throw new Error(`${entry.full}.${field.getName()}: a oneof of scalars needs presence`);
    return {
      name: field.getName(), number: field.getNumber(), letter: isNumber ? 'N' : letter, repeated: field.getLabel() === REPEATED, oneof,
      target: 'me'.includes(letter) ? byFull.get(field.getTypeName().slice(1)) : undefined,
      comment: entry.fieldComment(i), deprecated: field.getOptions()?.getDeprecated() === true,
    };
  });
}

function printDoc(indent, text, deprecated) {
  return `${indent}/** ${text}${deprecated ? ' @deprecated in the proto' : ''} */\n`;
}

function printEnum({ name, full, descriptor, comment }) {
  const values = descriptor.getValueList().map((value) => `  ${value.getName()}: ${value.getNumber()},\n`).join('');
  return `${printDoc('', comment ?? `Values of ${full}.`)}export const ${name} = {\n${values}} as const;\n\n`
    + `${printDoc('', `Names of ${full}, for enumName().`)}export const ${name}Enum: EnumInfo = /* @__PURE__ */ makeEnum('${full}', ${name});\n\n`;
}

function tsTypeOf(field) {
  const single = field.letter === 'm' ? field.target.name : tsTypes[field.letter];
  return field.repeated ? `${single}[]` : single;
}

function printWrite(field) {
  const { name, number, letter } = field;
  const value = `m.${name}`;
  if (letter === 'm') {
    return field.repeated ? `if (${value}) for (const v of ${value}) w.writeMessage(${number}, v, write${field.target.name});` : `if (${value}) w.writeMessage(${number}, ${value}, write${field.target.name});`;
  }
  if (letter === 's') return field.repeated ? `if (${value}) for (const v of ${value}) writeText(w, ${number}, v);` : `if (${value}) writeText(w, ${number}, ${value});`;
  if (letter === 'y') {
    if (field.repeated) return `if (${value}) for (const v of ${value}) w.writeBytes(${number}, v);`;
    return `if (${value}?.length) w.writeBytes(${number}, ${value});`;
  }
  if (field.repeated) return `if (${value}) w.writePacked${methods[letter]}(${number}, ${value});`;
  // -0 and NaN are not the default of a double
  if ('df'.includes(letter)) return `if (${value} !== undefined && !Object.is(${value}, 0)) w.write${methods[letter]}(${number}, ${value});`;
  if (letter === 'N') return `if (${value}) writeCount(w, ${number}, ${value});`;
  return `if (${value}) w.write${methods[letter]}(${number}, ${value});`;
}

function printReadValue(field) {
  const { name, letter } = field;
  if (letter === 'm') {
    return field.repeated ? `(m.${name} ??= []).push(r.readMessage<${field.target.name}>({}, read${field.target.name}));`
      : `m.${name} = r.readMessage<${field.target.name}>(m.${name} ?? {}, read${field.target.name});`;
  }
  if (field.repeated) {
    if (letter === 's') return `(m.${name} ??= []).push(readText(r));`;
    if (letter === 'y') return `(m.${name} ??= []).push(r.readBytes());`;
    if ('UI'.includes(letter)) return `m.${name} = readBigints((list) => r.readPackable${methods[letter]}StringInto(list), m.${name});`;
    return `r.readPackable${methods[letter]}Into((m.${name} ??= []));`;
  }
  if (letter === 's') return `m.${name} = readText(r);`;
  if ('UI'.includes(letter)) return `m.${name} = BigInt(r.read${methods[letter]}());`;
  if (letter === 'N') return `m.${name} = readCount(r);`;
  return `m.${name} = r.read${methods[letter]}();`;
}

function printMessage(entry, byFull) {
  const { name, full, descriptor, comment } = entry;
  const fields = fieldsOf(descriptor, entry, byFull);
  const members = (oneof) => JSON.stringify(fields.filter((other) => other.oneof === oneof).map((other) => other.name)).replaceAll('"', "'").replaceAll(',', ', ');
  const oneofs = [...new Set(fields.flatMap((field) => (field.oneof === undefined ? [] : [field.oneof])))];
  const refs = fields.flatMap((field) => (field.target === undefined ? [] : [`${field.target.name}${field.letter === 'm' ? 'Codec' : 'Enum'}`]));
  const table = fields.map((field) => `${field.name}=${field.number}${field.letter}${field.repeated ? '*' : ''}${field.oneof === undefined ? '' : `^${field.oneof}`}`).join('|');
  let out = printDoc('', comment ?? `Message ${full}.`, descriptor.getOptions()?.getDeprecated() === true);
  out += `export interface ${name} extends WithUnknown {\n`;
  for (const field of fields) {
    if (field.comment !== undefined) out += printDoc('  ', field.comment, false);
    out += `  ${field.name}?: ${tsTypeOf(field)} | undefined;\n`;
  }
  out += '}\n\n';
  for (const oneof of oneofs) out += `const ${name}_${oneof} = ${members(oneof)};\n\n`;
  // the order of numbers is what protobuf's own writers use
  const ordered = fields.toSorted((one, other) => one.number - other.number);
  out += `${printDoc('', `Writes the fields of a ${full}; for the codecs of messages that hold one.`)}export function write${name}(m: ${name}, w: BinaryWriter): void {\n`;
  for (const field of ordered) out += `  ${printWrite(field)}\n`;
  out += '  if (m.$unknown) writeUnknown(w, m.$unknown);\n}\n\n';
  out += `${printDoc('', `Reads fields into a ${full}; for the codecs of messages that hold one.`)}export function read${name}(m: ${name}, r: BinaryReader): void {\n`;
  out += '  let unknown: number[] | undefined;\n  while (r.nextField()) {\n';
  if (fields.length === 0) out += '    unknown = skipUnknown(r, unknown);\n';
  else {
    out += '    switch (r.getFieldNumber()) {\n';
    for (const field of ordered) {
      const clear = field.oneof === undefined ? '' : ` clearOthers(m, '${field.name}', ${name}_${field.oneof});`;
      out += `      case ${field.number}: ${printReadValue(field)}${clear} break;\n`;
    }
    out += '      default: unknown = skipUnknown(r, unknown);\n    }\n';
  }
  out += '  }\n  if (unknown) keepUnknown(m, r, unknown);\n}\n\n';
  out += `${printDoc('', `Codec of ${full}.`)}export const ${name}Codec: Codec<${name}> = /* @__PURE__ */ makeCodec<${name}>('${full}', {\n`
    + `  read: read${name},\n  write: write${name},\n  fields: '${table}',\n`
    + (refs.length === 0 ? '' : `  refs: () => [${refs.join(', ')}],\n`) + '});\n\n';
  return out;
}

/** `import` lines for what the printed text uses. */
function printImports(module, body, byFull) {
  const uses = (word) => new RegExp(`\\b${word.replace('$', '\\$')}\\b`).test(body);
  const named = (words) => words.filter(uses);
  let out = "import type { BinaryReader, BinaryWriter } from 'google-protobuf';\n";
  const codecTypes = named(['Codec', 'EnumInfo', 'WithUnknown']);
  const codecValues = named(['makeCodec', 'makeEnum']);
  if (codecTypes.length > 0) out += `import type { ${codecTypes.join(', ')} } from '../codec.ts';\n`;
  if (codecValues.length > 0) out += `import { ${codecValues.join(', ')} } from '../codec.ts';\n`;
  out += `import { ${named(['clearOthers', 'keepUnknown', 'readBigints', 'readCount', 'readText', 'skipUnknown', 'writeCount', 'writeText', 'writeUnknown']).join(', ')} } from '../coding.ts';\n`;
  for (const other of new Set(Object.values(outputs))) {
    if (other === module) continue;
    const entries = [...byFull.values()].filter((entry) => entry.module === other && importedBy(body, entry));
    const types = entries.filter((entry) => entry.kind === 'message').map((entry) => entry.name);
    const values = entries.flatMap((entry) => (entry.kind === 'message' ? [`${entry.name}Codec`, `read${entry.name}`, `write${entry.name}`] : [`${entry.name}Enum`])).filter(uses);
    if (types.length > 0) out += `import type { ${types.join(', ')} } from './${other}.ts';\n`;
    if (values.length > 0) out += `import { ${values.join(', ')} } from './${other}.ts';\n`;
  }
  return out;
}

function importedBy(body, entry) {
  const isDeclaredHere = new RegExp(`export (interface|const) ${entry.name}\\b`).test(body);
  const mark = entry.kind === 'message' ? `read${entry.name}` : `${entry.name}Enum`;
  return !isDeclaredHere && new RegExp(`\\b${mark}\\b`).test(body);
}

/** Enums, not objects: esbuild puts the plain numbers into the bundle, and a scan of object properties takes twice the time. */
function printFieldNumbers(byFull) {
  let out = '';
  for (const full of numbered) {
    const entry = byFull.get(full);
    const fields = entry.descriptor.getFieldList().map((field) => [field.getName(), field.getNumber(), wireTypes[letters[field.getType()]] ?? 0]);
    const print = (name, doc, lines) => `${printDoc('', doc)}export const enum ${entry.name}${name} {\n${lines.join('')}}\n\n`;
    out += print('Field', `Field numbers of ${full}.`, fields.map(([name, number]) => `  ${name} = ${number},\n`));
    out += print('Tag', `Tags of ${full}: number and wire type.`, fields.map(([name, number, wireType]) => `  ${name} = ${number * 8 + wireType},\n`));
  }
  return out;
}

/** What reflection answers with: each file without its comments, and the names that it declares. */
function printDescriptors(files) {
  const rows = files.map((file) => {
    const prefix = file.getPackage() === '' ? '' : `${file.getPackage()}.`;
    const ofMessage = (message, at) => [`${at}${message.getName()}`, ...message.getEnumTypeList().map((one) => `${at}${message.getName()}.${one.getName()}`),
      ...message.getNestedTypeList().flatMap((nested) => ofMessage(nested, `${at}${message.getName()}.`))];
    const names = [...file.getMessageTypeList().flatMap((message) => ofMessage(message, '')), ...file.getEnumTypeList().map((one) => one.getName()),
      ...file.getServiceList().map((one) => one.getName())];
    file.clearSourceCodeInfo();
    return `  { name: '${file.getName()}', dependencies: '${file.getDependencyList().join(' ')}', prefix: '${prefix}', declares: '${names.join(' ')}',\n`
      + `    base64: '${Buffer.from(file.serializeBinary()).toString('base64')}' },\n`;
  });
  return `${printDoc('', 'One .proto file: its FileDescriptorProto in base64, and what it declares, words joined by blanks.')}export interface ProtoFile {\n`
    + '  readonly name: string;\n  readonly dependencies: string;\n  readonly prefix: string;\n  readonly declares: string;\n  readonly base64: string;\n}\n\n'
    + `${printDoc('', 'Every .proto file, those first that others import.')}export const protoFiles: readonly ProtoFile[] = [\n${rows.join('')}];\n`;
}

function main() {
  const outAt = process.argv.indexOf('--out');
  const outRoot = outAt === -1 ? here : process.argv[outAt + 1];
  const files = loadDescriptors();
  const entries = files.filter((file) => outputs[file.getName()] !== undefined).flatMap(collect);
  const byFull = new Map(entries.map((entry) => [entry.full, entry]));
  const header = (from) => `// Generated by generate.mjs from ${from}; npm run gen makes it again.\n`;
  for (const module of new Set(Object.values(outputs))) {
    const body = entries.filter((entry) => entry.module === module).map((entry) => (entry.kind === 'enum' ? printEnum(entry) : printMessage(entry, byFull))).join('');
    const from = Object.keys(outputs).filter((file) => outputs[file] === module).join(', ');
    writeFileSync(join(outRoot, `${module}.ts`), `${header(from)}${printImports(module, body, byFull)}\n${body.trimEnd()}\n`);
  }
  writeFileSync(join(outRoot, 'field-numbers.ts'), `${header('all of them')}\n${printFieldNumbers(byFull).trimEnd()}\n`);
  writeFileSync(join(outRoot, 'descriptors.ts'), `${header('all of them')}\n${printDescriptors(files)}`);
}

main();
