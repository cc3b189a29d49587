import type { Page, PageRequest } from '#oci';
import type { Actor } from '../repository.js';

/** An upload session between POST and its commit. */
export interface OpenUpload {
  id: string;
  /** Its package by name. */
  package: string;
  /** Who opened it: `user:7`, or the subject of a workflow. */
  principal: string;
  /** Of a user. */
  login: string | undefined;
  state: 'open' | 'completing';
  /** A client brings the bytes to the store itself. */
  isDirect: boolean;
  /** Durable bytes; of a direct upload those that were verified. */
  bytes: number;
  createdAt: Date;
  /** A request is under way, at the latest until then. */
  busyUntil: Date | undefined;
  /** Without another request it ends then. */
  expiresAt: Date;
}

/** Uploads of everybody, as operators see them. Each method is one transaction. */
export abstract class OpenUploads {
  /** Oldest first. */
  abstract list(page: PageRequest): Promise<Page<OpenUpload>>;

  /** Ends one: its client's next request finds no upload, and what it brought is queued for deletion. False: there is none. */
  abstract cancel(id: string, operator: Actor): Promise<boolean>;
}
