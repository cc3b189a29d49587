const MIB = 1024 * 1024;

/** Smallest part, and so the most that a session keeps outside of parts. S3 asks for at least 5 MiB. */
export const MIN_PART_BYTES = 8 * MIB;
