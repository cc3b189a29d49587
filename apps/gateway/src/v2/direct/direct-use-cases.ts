import type {
  CancelUpload,
  CompleteDirectUpload,
  FindDirectUpload,
  OpenDirectUpload,
  SignDirectUpload,
} from '#registry';

/** The steps of a direct upload, in one hand: a constructor takes so many and no more. */
export class DirectUseCases {
  constructor(
    readonly open: OpenDirectUpload,
    readonly sign: SignDirectUpload,
    readonly find: FindDirectUpload,
    readonly complete: CompleteDirectUpload,
    readonly cancel: CancelUpload,
  ) {}
}
