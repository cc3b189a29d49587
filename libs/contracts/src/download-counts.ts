import { z } from 'zod';
import { DownloadCounts } from '#registry';
import { change, contract } from './contract.js';
import { digest, id, nothing } from './shapes.js';

const downloads = z.object({
  packageId: id,
  digest,
  tokenId: id.optional(),
  policyId: id.optional(),
  count: z.int(),
  lastAt: z.date(),
});

export const downloadCounts = contract(DownloadCounts, { add: change([z.array(downloads)], nothing) });
