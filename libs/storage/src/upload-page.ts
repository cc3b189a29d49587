import type { ListedUpload, UploadPage } from '#registry';

/** Of a listing that was cut, those of the last key are left to the next page, which has them all. */
export function wholeKeys(uploads: ListedUpload[], isCut: boolean): UploadPage {
  const last = uploads.at(-1)?.key;
  if (!isCut || last === undefined) return { uploads, next: undefined };
  const whole = uploads.filter(({ key }) => key !== last);
  const next = whole.at(-1)?.key;
  return next === undefined ? { uploads, next: last } : { uploads: whole, next };
}
