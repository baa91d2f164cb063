// What we use of google-protobuf 4.0.3; the published @types describe 3.15.
declare module 'google-protobuf' {
  export class BinaryReader {
    constructor(bytes: Uint8Array);
    /** Moves to the next field; false at the end of the message. Throws on a broken tag. */
    nextField(): boolean;
    getFieldNumber(): number;
    isDelimited(): boolean;
    /** Position behind the last byte that was read; where the current field's tag began. */
    getCursor(): number;
    getFieldCursor(): number;
    getBuffer(): Uint8Array;
    advance(bytes: number): void;
    skipField(): void;
    readMessage<T>(message: T, read: (message: T, reader: BinaryReader) => void): T;
    readInt32(): number;
    readUint32(): number;
    /** A string where a number would lose digits. */
    readInt64(): number | string;
    readUint64(): number | string;
    readBool(): boolean;
    readEnum(): number;
    readDouble(): number;
    readFloat(): number;
    /** A copy. */
    readBytes(): Uint8Array;
    /** These take packed and single values. */
    readPackableInt32Into(list: number[]): void;
    readPackableUint32Into(list: number[]): void;
    readPackableInt64StringInto(list: string[]): void;
    readPackableUint64StringInto(list: string[]): void;
    readPackableBoolInto(list: boolean[]): void;
    readPackableEnumInto(list: number[]): void;
    readPackableDoubleInto(list: number[]): void;
    readPackableFloatInto(list: number[]): void;
  }

  /** Every number is checked against its type: the write of a wrong one throws. */
  export class BinaryWriter {
    constructor();
    getResultBuffer(): Uint8Array;
    writeSerializedMessage(bytes: Uint8Array, start: number, end: number): void;
    writeMessage<T>(field: number, message: T, write: (message: T, writer: BinaryWriter) => void): void;
    writeInt32(field: number, value: number): void;
    writeUint32(field: number, value: number): void;
    writeInt64(field: number, value: bigint | number): void;
    writeUint64(field: number, value: bigint | number): void;
    writeBool(field: number, value: boolean): void;
    writeEnum(field: number, value: number): void;
    writeDouble(field: number, value: number): void;
    writeFloat(field: number, value: number): void;
    writeBytes(field: number, value: Uint8Array): void;
    writePackedInt32(field: number, values: readonly number[]): void;
    writePackedUint32(field: number, values: readonly number[]): void;
    writePackedInt64(field: number, values: readonly (bigint | number)[]): void;
    writePackedUint64(field: number, values: readonly (bigint | number)[]): void;
    writePackedBool(field: number, values: readonly boolean[]): void;
    writePackedEnum(field: number, values: readonly number[]): void;
    writePackedDouble(field: number, values: readonly number[]): void;
    writePackedFloat(field: number, values: readonly number[]): void;
  }

  const protobuf: { BinaryReader: typeof BinaryReader; BinaryWriter: typeof BinaryWriter };
  export default protobuf;
}
