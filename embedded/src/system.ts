/** The names that EventStoreDB itself gives a meaning to. */

export const LINK_TYPE = '$>';
export const METADATA_TYPE = '$metadata';
export const TOMBSTONE_TYPE = '$streamDeleted';

const METASTREAM_PREFIX = '$$';

/** Streams of the server's own begin with this. */
export const isSystemStream = (stream: string): boolean => stream.startsWith('$');

/** The stream that holds a stream's metadata. */
export const metastreamOf = (stream: string): string => METASTREAM_PREFIX + stream;

/** The stream that a metastream describes; undefined for any other stream. */
export const describedBy = (stream: string): string | undefined =>
  stream.startsWith(METASTREAM_PREFIX) ? stream.slice(METASTREAM_PREFIX.length) : undefined;
