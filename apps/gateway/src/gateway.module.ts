import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { BearerTokens, IssuerKeys, SigningKeyStore, TrustPolicyStore, WorkloadLogin } from '#auth';
import type { Settings } from '#config';
import { SETTINGS, useCase } from '#nest';
import { createGuardedFetch } from '#net';
import {
  AppendChunk,
  BlobIndex,
  ByteBudget,
  CancelUpload,
  CompleteDirectUpload,
  DeleteBlob,
  DeleteManifest,
  DeleteTag,
  DirectStorage,
  DirectUploads,
  FindDirectUpload,
  FindUpload,
  FinishUpload,
  GetManifest,
  ImageWords,
  ListReferrers,
  ListTags,
  ManifestStore,
  MountBlob,
  ObjectHasher,
  ObjectKeeper,
  ObjectSigner,
  ObjectStore,
  OpenBlob,
  OpenDirectUpload,
  PackageStore,
  PreviewNamespaceRetention,
  PreviewRetention,
  PutManifest,
  ReadBlob,
  RetentionStore,
  SessionWriters,
  SignDirectUpload,
  StartUpload,
  StatBlob,
  StorageFigures,
  TagStore,
  UPLOAD_BUFFER_BYTES,
  UploadLimits,
  UploadSessions,
  UploadStorage,
  VerifyDirectUpload,
} from '#registry';
import { Judge } from './access/judge.js';
import { Switches } from './access/switches.js';
import { AccountsController } from './admin/accounts.controller.js';
import { GcController } from './admin/gc.controller.js';
import { GcRunsController } from './admin/gc-runs.controller.js';
import { KeysController } from './admin/keys.controller.js';
import { MaintenanceController } from './admin/maintenance.controller.js';
import { MeController } from './admin/me.controller.js';
import { ObjectDeletionsController } from './admin/object-deletions.controller.js';
import { OpenUploadsController } from './admin/open-uploads.controller.js';
import { OperatorGuard } from './admin/operator.guard.js';
import { OperatorStrategy } from './admin/operator.strategy.js';
import { PackageReportsController } from './admin/package-reports.controller.js';
import { PackagesController } from './admin/packages.controller.js';
import { PeopleController } from './admin/people.controller.js';
import { ReconcileRunsController } from './admin/reconcile-runs.controller.js';
import { NamespaceRetentionPreviewController, RetentionController } from './admin/retention.controller.js';
import { ScrubController } from './admin/scrub.controller.js';
import { StorageController } from './admin/storage.controller.js';
import { StorageUseController } from './admin/storage-use.controller.js';
import { UserTokensController } from './admin/tokens.controller.js';
import { TrustPoliciesController } from './admin/trust-policies.controller.js';
import { AuditController, OrganisationAuditController } from './audit/audit.controllers.js';
import { AccessTokens } from './credentials/access-tokens.js';
import { BasicStrategy } from './credentials/basic.strategy.js';
import { BearerStrategy } from './credentials/bearer.strategy.js';
import { CredentialsGuard, LoginGuard } from './credentials/credentials.guard.js';
import { FailedLogins } from './credentials/failed-logins.js';
import { Login } from './credentials/login.js';
import { DownloadCounter } from './downloads/download-counter.js';
import { ExplainController, PackageRefusalsController } from './explain/explain.controllers.js';
import { Explain } from './explain/explain.js';
import { Refusals } from './explain/refusals.js';
import { ExternalOrigin } from './http/external-origin.js';
import { CallerLimits } from './limits/caller-limits.js';
import { RateLimits } from './limits/rate-limits.js';
import { OpenApiController } from './openapi/openapi.controller.js';
import { QueueOperatorGuard } from './queues/queue-operator.guard.js';
import { QueuesController } from './queues/queues.controller.js';
import { MembersController } from './rest/access/members.controller.js';
import { PackageAccessController } from './rest/access/package-access.controller.js';
import { SourcesController } from './rest/access/sources.controller.js';
import { TeamsController } from './rest/access/teams.controller.js';
import { OrganisationTrustPoliciesController } from './rest/access/trust-policies.controller.js';
import { OwnersController } from './rest/owners.controller.js';
import { RestPackagesController } from './rest/packages.controller.js';
import { RateLimitController } from './rest/rate-limit.controller.js';
import { ReaderScope } from './rest/reader-scope.js';
import { RestStrategy } from './rest/rest.strategy.js';
import { RestAccessGuard } from './rest/rest-access.guard.js';
import { RestCredentialsGuard } from './rest/rest-credentials.guard.js';
import { NamespaceRetentionController } from './rest/retention/namespace-retention.controller.js';
import { PackageRetentionController } from './rest/retention/package-retention.controller.js';
import { SettingsController } from './rest/settings.controller.js';
import { SignOnRulesController } from './rest/sign-on/sign-on-rules.controller.js';
import { TokenSignOnController } from './rest/sign-on/token-sign-on.controller.js';
import { OrganisationStorageController, PackageStorageController } from './rest/storage.controllers.js';
import { RestTagsController } from './rest/tags.controller.js';
import { TokensController } from './rest/tokens/tokens.controller.js';
import { VersionsController } from './rest/versions.controller.js';
import { OpenIdProvider } from './sign-on/openid-provider.js';
import { Sessions } from './sign-on/sessions.js';
import { SignOnController, SignOnGuard } from './sign-on/sign-on.controller.js';
import { SignOnStrategy } from './sign-on/sign-on.strategy.js';
import { JwksController } from './token/jwks.controller.js';
import { TokenController } from './token/token.controller.js';
import { AskedFor } from './tombstones/asked-for.js';
import { MissingManifests } from './tombstones/missing-manifests.js';
import { TombstonesController } from './tombstones/tombstones.controller.js';
import { AccessGuard } from './v2/access.guard.js';
import { BaseController } from './v2/base.controller.js';
import { BlobLinks } from './v2/blob-links.js';
import { BlobsController } from './v2/blobs.controller.js';
import { CatalogController } from './v2/catalog.controller.js';
import { Challenger } from './v2/challenger.js';
import { DirectUploadsController } from './v2/direct/direct-uploads.controller.js';
import { DirectUseCases } from './v2/direct/direct-use-cases.js';
import { DirectVerifications } from './v2/direct/direct-verifications.js';
import { ManifestsController } from './v2/manifests.controller.js';
import { PullableRepositories } from './v2/pullable-repositories.js';
import { ReferrersController } from './v2/referrers.controller.js';
import { SmallBlobs } from './v2/small-blobs.js';
import { TagsController } from './v2/tags.controller.js';
import { UploadsController } from './v2/uploads.controller.js';

const fromSettings = <T>(
  provide: abstract new (...args: never[]) => T,
  make: (settings: Settings) => T | undefined,
) => ({
  provide,
  inject: [SETTINGS],
  useFactory: make,
});

const outboundRules = ({ BERTH_OUTBOUND_NETWORKS, BERTH_OUTBOUND_HTTP }: Settings) => ({
  networks: BERTH_OUTBOUND_NETWORKS,
  allowsHttp: BERTH_OUTBOUND_HTTP,
});

/** Undefined where the operator named no provider: then nobody signs in at one. */
const openIdProvider = (s: Settings) =>
  s.BERTH_OIDC_ISSUER === undefined
    ? undefined
    : new OpenIdProvider(
        {
          issuer: s.BERTH_OIDC_ISSUER,
          clientId: s.BERTH_OIDC_CLIENT_ID,
          clientSecret: s.BERTH_OIDC_CLIENT_SECRET,
          scopes: s.BERTH_OIDC_SCOPES,
          loginClaim: s.BERTH_OIDC_LOGIN_CLAIM,
          groupsClaim: s.BERTH_OIDC_GROUPS_CLAIM,
        },
        createGuardedFetch(outboundRules(s)),
        s.BERTH_OUTBOUND_HTTP,
      );

/** Where the store signs requests it is there for clients as well. */
const directStorage = (
  uploads: DirectUploads,
  sessions: UploadSessions,
  hasher: ObjectHasher,
  signer: ObjectSigner | undefined,
  keeper: ObjectKeeper | undefined,
) => new DirectStorage(uploads, sessions, hasher, signer && keeper && { signer, keeper });

/** Everything public. Its ports come from whatever adapters module the process has. */
@Module({
  imports: [DiscoveryModule, PassportModule],
  controllers: [
    BaseController,
    CatalogController,
    UploadsController,
    DirectUploadsController,
    BlobsController,
    ManifestsController,
    TagsController,
    ReferrersController,
    TokenController,
    JwksController,
    AccountsController,
    UserTokensController,
    KeysController,
    MaintenanceController,
    MeController,
    PackagesController,
    PackageReportsController,
    TrustPoliciesController,
    GcController,
    GcRunsController,
    StorageController,
    ReconcileRunsController,
    ScrubController,
    OpenUploadsController,
    ObjectDeletionsController,
    StorageUseController,
    PackageStorageController,
    OrganisationStorageController,
    QueuesController,
    RetentionController,
    NamespaceRetentionPreviewController,
    TokensController,
    ExplainController,
    OrganisationTrustPoliciesController,
    PackageRefusalsController,
    TombstonesController,
    AuditController,
    OrganisationAuditController,
    TokenSignOnController,
    SignOnRulesController,
    SignOnController,
    PeopleController,
    RateLimitController,
    OwnersController,
    OpenApiController,
    RestPackagesController,
    VersionsController,
    RestTagsController,
    SettingsController,
    PackageRetentionController,
    NamespaceRetentionController,
    MembersController,
    TeamsController,
    SourcesController,
    PackageAccessController,
  ],
  providers: [
    Judge,
    ReaderScope,
    Switches,
    AccessGuard,
    CredentialsGuard,
    LoginGuard,
    OperatorGuard,
    QueueOperatorGuard,
    AccessTokens,
    Sessions,
    SignOnGuard,
    SignOnStrategy,
    fromSettings(OpenIdProvider, openIdProvider),
    Login,
    BasicStrategy,
    BearerStrategy,
    OperatorStrategy,
    RestStrategy,
    RestCredentialsGuard,
    RestAccessGuard,
    Challenger,
    PullableRepositories,
    SmallBlobs,
    DownloadCounter,
    AskedFor,
    MissingManifests,
    BlobLinks,
    DirectVerifications,
    SessionWriters,
    fromSettings(ExternalOrigin, (s) => new ExternalOrigin(s.BERTH_PUBLIC_URL, s.BERTH_TRUSTED_PROXIES)),
    FailedLogins,
    CallerLimits,
    Refusals,
    Explain,
    fromSettings(RateLimits, (s) => new RateLimits(s.BERTH_RATE_LIMITS, s.BERTH_REDIS_URL)),
    fromSettings(UploadLimits, (s) => new UploadLimits(s.BERTH_MAX_BLOB_SIZE)),
    { provide: ByteBudget, useFactory: () => new ByteBudget(UPLOAD_BUFFER_BYTES) },
    {
      provide: BearerTokens,
      inject: [SigningKeyStore, SETTINGS],
      useFactory: (keys: SigningKeyStore, settings: Settings) => new BearerTokens(keys, settings.BERTH_TOKEN_TTL),
    },
    fromSettings(IssuerKeys, (s) => new IssuerKeys(createGuardedFetch(outboundRules(s)))),
    useCase(WorkloadLogin, TrustPolicyStore, IssuerKeys),
    useCase(UploadStorage, ObjectStore, UploadSessions, ByteBudget),
    useCase(StatBlob, BlobIndex),
    useCase(OpenBlob, BlobIndex),
    useCase(ReadBlob, ObjectStore, BlobIndex),
    useCase(DeleteBlob, BlobIndex),
    useCase(MountBlob, BlobIndex, PackageStore),
    useCase(StartUpload, PackageStore, UploadSessions),
    useCase(AppendChunk, UploadStorage, SessionWriters, UploadLimits),
    useCase(FinishUpload, UploadStorage, SessionWriters, UploadLimits),
    useCase(FindUpload, UploadSessions),
    useCase(CancelUpload, UploadSessions),
    {
      provide: DirectStorage,
      inject: [
        DirectUploads,
        UploadSessions,
        ObjectHasher,
        { token: ObjectSigner, optional: true },
        { token: ObjectKeeper, optional: true },
      ],
      useFactory: directStorage,
    },
    useCase(OpenDirectUpload, DirectStorage, PackageStore, UploadLimits),
    useCase(SignDirectUpload, DirectStorage),
    useCase(FindDirectUpload, DirectStorage),
    useCase(CompleteDirectUpload, DirectStorage),
    useCase(VerifyDirectUpload, DirectStorage),
    useCase(DirectUseCases, OpenDirectUpload, SignDirectUpload, FindDirectUpload, CompleteDirectUpload, CancelUpload),
    useCase(GetManifest, ManifestStore),
    useCase(ImageWords, BlobIndex, ObjectStore, ManifestStore),
    useCase(PutManifest, PackageStore, ManifestStore, ImageWords),
    useCase(DeleteManifest, ManifestStore),
    useCase(ListTags, TagStore),
    useCase(DeleteTag, TagStore),
    useCase(ListReferrers, ManifestStore),
    useCase(PreviewRetention, RetentionStore, StorageFigures),
    useCase(PreviewNamespaceRetention, RetentionStore, StorageFigures),
  ],
})
export class GatewayModule {}
