import type * as answers from '#contracts';
import type { AdminHttp } from './http.js';

/** Which tags of a preview, and behind which. */
interface PreviewQuery extends Record<string, string | undefined> {
  only: string | undefined;
  after: string | undefined;
}

/**
 * Every call that this program makes of `/admin/v1`, with the type of its answer, which is the one that Berth shapes it by. test/cli holds
 * the calls against Berth's own document.
 */
export class AdminApi {
  constructor(private readonly http: AdminHttp) {}

  get origin(): string {
    return this.http.origin;
  }

  me = () => this.http.call<answers.MeAnswer>('GET', '/me');

  users = (after?: string) => this.http.call<answers.UsersAnswer>('GET', '/users', { query: { after } });
  user = (login: string) => this.http.call<answers.UserAnswer>('GET', '/users/{login}', { path: { login } });
  createUser = (login: string) => this.http.call<answers.NewAccountAnswer>('POST', '/users', { body: { login } });
  setDisabled = (login: string, disabled: boolean) =>
    this.http.call<answers.UserChangeAnswer>('PATCH', '/users/{login}', {
      path: { login },
      body: { disabled },
    });
  link = (login: string, issuer: string, subject: string) =>
    this.http.call<undefined>('PUT', '/users/{login}/identities', { path: { login }, body: { issuer, subject } });

  organisations = (after?: string) => this.http.call<answers.OrganisationsAnswer>('GET', '/orgs', { query: { after } });
  createOrganisation = (login: string) =>
    this.http.call<answers.NewAccountAnswer>('POST', '/orgs', { body: { login } });
  members = (organisation: string, after?: string) =>
    this.http.call<answers.MembersAnswer>('GET', '/orgs/{organisation}/members', {
      path: { organisation },
      query: { after },
    });
  setMember = (organisation: string, login: string, role: string) =>
    this.http.call<answers.MemberAnswer>('PUT', '/orgs/{organisation}/members/{login}', {
      path: { organisation, login },
      body: { role },
    });
  removeMember = (organisation: string, login: string) =>
    this.http.call<undefined>('DELETE', '/orgs/{organisation}/members/{login}', { path: { organisation, login } });

  trustPolicies = (organisation: string, after?: string) =>
    this.http.call<answers.TrustPoliciesAnswer>('GET', '/orgs/{organisation}/trust-policies', {
      path: { organisation },
      query: { after },
    });
  createTrustPolicy = (organisation: string, body: object) =>
    this.http.call<answers.TrustPolicyAnswer>('POST', '/orgs/{organisation}/trust-policies', {
      path: { organisation },
      body,
    });
  removeTrustPolicy = (organisation: string, id: string) =>
    this.http.call<undefined>('DELETE', '/orgs/{organisation}/trust-policies/{id}', { path: { organisation, id } });

  tokens = (login: string, after?: string) =>
    this.http.call<answers.TokensAnswer>('GET', '/users/{login}/tokens', {
      path: { login },
      query: { after },
    });
  createToken = (login: string, body: object) =>
    this.http.call<answers.NewTokenAnswer>('POST', '/users/{login}/tokens', { path: { login }, body });
  confineToken = (login: string, id: string, body: object) =>
    this.http.call<answers.TokenAnswer>('PATCH', '/users/{login}/tokens/{id}', { path: { login, id }, body });
  rotateToken = (login: string, id: string) =>
    this.http.call<answers.NewTokenAnswer>('POST', '/users/{login}/tokens/{id}/rotation', { path: { login, id } });
  revokeToken = (login: string, id: string) =>
    this.http.call<undefined>('DELETE', '/users/{login}/tokens/{id}', { path: { login, id } });

  setVisibility = (owner: string, name: string, visibility: string) =>
    this.http.call<answers.PackageChangeAnswer>('PATCH', '/packages/{owner}/{name}', {
      path: { owner, name },
      body: { visibility },
    });

  gc = () => this.http.call<answers.GcControlAnswer>('GET', '/gc');
  changeGc = (body: Partial<answers.GcControlAnswer>) =>
    this.http.call<answers.GcControlAnswer>('PATCH', '/gc', { body });
  startGc = (body: { grace?: string; dry_run: boolean }) =>
    this.http.call<answers.StartedAnswer>('POST', '/gc/runs', { body });
  gcRun = (id: string) => this.http.call<answers.GcRunAnswer>('GET', '/gc/runs/{id}', { path: { id } });
  gcRuns = (after?: string) => this.http.call<answers.GcRunsAnswer>('GET', '/gc/runs', { query: { after } });
  gcLog = (after?: string) => this.http.call<answers.GcLogAnswer>('GET', '/gc/log', { query: { after } });
  gcRunLog = (id: string, after?: string) =>
    this.http.call<answers.GcLogAnswer>('GET', '/gc/runs/{id}/log', {
      path: { id },
      query: { after },
    });

  storage = () => this.http.call<answers.StorageAnswer>('GET', '/storage');

  namespaceUse = (after?: string) =>
    this.http.call<answers.NamespaceUsesAnswer>('GET', '/storage/namespaces', {
      query: { after },
    });
  packageUses = (sort: string, order: string | undefined, after?: string) =>
    this.http.call<answers.PackageUsesAnswer>('GET', '/storage/packages', {
      query: { sort, order, after },
    });
  packageUse = (owner: string, name: string) =>
    this.http.call<answers.MeasuredPackageAnswer>('GET', '/storage/packages/{owner}/{name}', {
      path: { owner, name },
    });

  explain = (subject: string, action: string, name: string) =>
    this.http.call<answers.ExplanationAnswer>('GET', '/explain', { query: { subject, action, package: name } });
  refusals = (owner: string, name: string) =>
    this.http.call<answers.RefusalsAnswer>('GET', '/packages/{owner}/{name}/refusals', { path: { owner, name } });
  tombstones = (owner: string, name: string, after?: string) =>
    this.http.call<answers.TombstonesAnswer>('GET', '/packages/{owner}/{name}/tombstones', {
      path: { owner, name },
      query: { after },
    });

  previewRetention = (owner: string, name: string, query: PreviewQuery) =>
    this.http.call<answers.RetentionPreviewAnswer>('GET', '/packages/{owner}/{name}/retention/preview', {
      path: { owner, name },
      query,
    });
  tryRetention = (owner: string, name: string, policy: unknown, query: PreviewQuery) =>
    this.http.call<answers.RetentionPreviewAnswer>('POST', '/packages/{owner}/{name}/retention/preview', {
      path: { owner, name },
      query,
      body: policy,
    });
  previewNamespaceRetention = (owner: string, query: PreviewQuery) =>
    this.http.call<answers.NamespaceRetentionPreviewAnswer>('GET', '/namespaces/{owner}/retention/preview', {
      path: { owner },
      query,
    });
  tryNamespaceRetention = (owner: string, policy: unknown, query: PreviewQuery) =>
    this.http.call<answers.NamespaceRetentionPreviewAnswer>('POST', '/namespaces/{owner}/retention/preview', {
      path: { owner },
      query,
      body: policy,
    });

  startReconcile = (body: { dry_run: boolean }) =>
    this.http.call<answers.StartedAnswer>('POST', '/reconcile/runs', { body });
  reconcileRun = (id: string) =>
    this.http.call<answers.ReconcileRunAnswer>('GET', '/reconcile/runs/{id}', { path: { id } });
  reconcileRuns = (after?: string) =>
    this.http.call<answers.ReconcileRunsAnswer>('GET', '/reconcile/runs', { query: { after } });
  reconcileFindings = (id: string, kind: string | undefined, after?: string) =>
    this.http.call<answers.FindingsAnswer>('GET', '/reconcile/runs/{id}/findings', {
      path: { id },
      query: { kind, after },
    });

  scrub = () => this.http.call<answers.ScrubAnswer>('GET', '/scrub');
  changeScrub = (body: { mode?: string; pace?: number }) =>
    this.http.call<answers.ScrubAnswer>('PATCH', '/scrub', { body });
  startScrub = () => this.http.call<answers.StartedAnswer>('POST', '/scrub/passes');
  scrubPasses = (after?: string) =>
    this.http.call<answers.ScrubPassesAnswer>('GET', '/scrub/passes', { query: { after } });
  damagedBlobs = (after?: string) =>
    this.http.call<answers.DamagedBlobsAnswer>('GET', '/scrub/damaged', { query: { after } });

  uploads = (after?: string) => this.http.call<answers.UploadsAnswer>('GET', '/uploads', { query: { after } });
  cancelUpload = (id: string) => this.http.call<undefined>('DELETE', '/uploads/{id}', { path: { id } });

  deletions = (after?: string) =>
    this.http.call<answers.DeletionsAnswer>('GET', '/object-deletions', { query: { after } });
  retryDeletions = (body: { object_key?: string }) =>
    this.http.call<answers.RetriedAnswer>('POST', '/object-deletions/retry', { body });

  keys = () => this.http.call<answers.KeysAnswer>('GET', '/keys');
  rotateKey = () => this.http.call<answers.KeyAnswer>('POST', '/keys/rotation');

  auditLog = (filters: Record<string, string | undefined>) =>
    this.http.callLinked<answers.AuditAnswer>('GET', '/audit-log', { query: filters }, 'before');

  maintenance = () => this.http.call<answers.MaintenanceAnswer>('GET', '/maintenance');
  setMaintenance = (body: { read_only: boolean; message?: string }) =>
    this.http.call<answers.MaintenanceAnswer>('PATCH', '/maintenance', { body });
}
