import { type DynamicModule, Module } from '@nestjs/common';
import {
  AccessFactsStore,
  AccountStore,
  AuditLog,
  MemberStore,
  RefusalStore,
  RoleStore,
  SigningKeyStore,
  SignOnStore,
  SourceStore,
  TeamStore,
  TokenStore,
  TrustPolicyStore,
} from '#auth';
import { garbageRules, type Settings } from '#config';
import {
  type Database,
  PrismaAccessFactsStore,
  PrismaAccountStore,
  PrismaAuditLog,
  PrismaBlobIndex,
  PrismaDirectUploads,
  PrismaDownloadCounts,
  PrismaGarbage,
  PrismaGcRunQueue,
  PrismaGcRuns,
  PrismaMaintenanceMode,
  PrismaManifestStore,
  PrismaMemberStore,
  PrismaPackageDirectory,
  PrismaPackageSettings,
  PrismaPackageStore,
  PrismaReconciling,
  PrismaRefusalStore,
  PrismaRoleStore,
  PrismaSigningKeyStore,
  PrismaSignOnStore,
  PrismaSourceStore,
  PrismaTagStore,
  PrismaTeamStore,
  PrismaTokenStore,
  PrismaTrustPolicyStore,
  PrismaUploadSessions,
  PrismaVersionStore,
} from '#database';
import {
  BlobIndex,
  DirectUploads,
  DownloadCounts,
  Garbage,
  GcRunQueue,
  GcRuns,
  MaintenanceMode,
  ManifestStore,
  PackageDirectory,
  PackageSettings,
  PackageStore,
  Reconciling,
  TagStore,
  UploadSessions,
  VersionStore,
} from '#registry';

/** Packages, manifests, tags, access and tokens: everything that PostgreSQL knows. The only part that speaks to it. */
@Module({})
export class MetadataModule {
  static for(database: Database, settings: Settings): DynamicModule {
    const { BERTH_GC_GRACE: grace, BERTH_UNTAGGED_AFTER: untaggedAfter } = settings;
    const limits = { restoreWindow: settings.BERTH_RESTORE_WINDOW, maxDownloads: settings.BERTH_KEEP_DOWNLOADED };
    const ports = [
      { provide: BlobIndex, useValue: new PrismaBlobIndex(database, grace) },
      { provide: DirectUploads, useValue: new PrismaDirectUploads(database, grace) },
      { provide: UploadSessions, useValue: new PrismaUploadSessions(database, grace) },
      { provide: ManifestStore, useValue: new PrismaManifestStore(database, untaggedAfter) },
      { provide: Garbage, useValue: new PrismaGarbage(database, garbageRules(settings)) },
      { provide: GcRuns, useValue: new PrismaGcRuns(database) },
      { provide: Reconciling, useValue: new PrismaReconciling(database, settings.BERTH_BACKUP_HORIZON) },
      { provide: MaintenanceMode, useValue: new PrismaMaintenanceMode(database) },
      { provide: GcRunQueue, useValue: new PrismaGcRunQueue(database) },
      { provide: TagStore, useValue: new PrismaTagStore(database, untaggedAfter) },
      { provide: PackageStore, useValue: new PrismaPackageStore(database) },
      { provide: PackageDirectory, useValue: new PrismaPackageDirectory(database, limits) },
      { provide: DownloadCounts, useValue: new PrismaDownloadCounts(database) },
      { provide: PackageSettings, useValue: new PrismaPackageSettings(database, untaggedAfter) },
      { provide: VersionStore, useValue: new PrismaVersionStore(database, untaggedAfter, limits) },
      { provide: AccessFactsStore, useValue: new PrismaAccessFactsStore(database) },
      { provide: AccountStore, useValue: new PrismaAccountStore(database) },
      { provide: SignOnStore, useValue: new PrismaSignOnStore(database) },
      { provide: RefusalStore, useValue: new PrismaRefusalStore(database) },
      { provide: AuditLog, useValue: new PrismaAuditLog(database) },
      { provide: TokenStore, useValue: new PrismaTokenStore(database) },
      { provide: TrustPolicyStore, useValue: new PrismaTrustPolicyStore(database) },
      { provide: MemberStore, useValue: new PrismaMemberStore(database) },
      { provide: TeamStore, useValue: new PrismaTeamStore(database) },
      { provide: SourceStore, useValue: new PrismaSourceStore(database) },
      { provide: RoleStore, useValue: new PrismaRoleStore(database) },
      { provide: SigningKeyStore, useValue: new PrismaSigningKeyStore(database) },
    ];
    return { module: MetadataModule, providers: ports, exports: ports.map(({ provide }) => provide) };
  }
}
