import type { Settings } from './settings.js';

/** What the settings say of collecting garbage; in seconds and bytes, undefined for never and for no budget. */
export const garbageRules = (settings: Settings) => ({
  grace: settings.BERTH_GC_GRACE,
  untaggedAfter: settings.BERTH_UNTAGGED_AFTER,
  restoreWindow: settings.BERTH_RESTORE_WINDOW,
  backupHorizon: settings.BERTH_BACKUP_HORIZON,
  buildCacheBudget: settings.BERTH_BUILD_CACHE_BUDGET,
});
