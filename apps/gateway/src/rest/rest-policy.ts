/** Metadata of routes whose path names a deleted package. */
export const OF_DELETED_PACKAGE = 'berth:of-deleted-package';
