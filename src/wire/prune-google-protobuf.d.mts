/**
 * The source of google-protobuf cut down to BinaryReader and BinaryWriter, of which the methods stay that `words` names (all of them
 * without it). Throws when it is not the file this was written for.
 */
export declare function pruneGoogleProtobuf(source: string, words?: ReadonlySet<string>): string;
