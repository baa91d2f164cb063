/** The source of google-protobuf cut down to BinaryReader and BinaryWriter; throws when it is not the file this was written for. */
export declare function pruneGoogleProtobuf(source: string): string;
