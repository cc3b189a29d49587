import type * as answers from './answers.js';
import type { AdminHttp } from './http.js';

/** Every call that this program makes of `/admin/v1`, with the type of its answer. test/cli holds them against Berth's own document. */
export class AdminApi {
  constructor(private readonly http: AdminHttp) {}

  get origin(): string {
    return this.http.origin;
  }

  me = () => this.http.call<answers.Me>('GET', '/me');

  users = (after?: string) =>
    this.http.call<answers.Page<'users', answers.User>>('GET', '/users', { query: { after } });
  user = (login: string) => this.http.call<answers.User>('GET', '/users/{login}', { path: { login } });
  createUser = (login: string) => this.http.call<{ login: string }>('POST', '/users', { body: { login } });
  setDisabled = (login: string, disabled: boolean) =>
    this.http.call<{ login: string; disabled: boolean }>('PATCH', '/users/{login}', {
      path: { login },
      body: { disabled },
    });
  link = (login: string, issuer: string, subject: string) =>
    this.http.call<undefined>('PUT', '/users/{login}/identities', { path: { login }, body: { issuer, subject } });

  organisations = (after?: string) =>
    this.http.call<answers.Page<'orgs', answers.Organisation>>('GET', '/orgs', { query: { after } });
  createOrganisation = (login: string) => this.http.call<{ login: string }>('POST', '/orgs', { body: { login } });
  members = (organisation: string, after?: string) =>
    this.http.call<answers.Page<'members', answers.Member>>('GET', '/orgs/{organisation}/members', {
      path: { organisation },
      query: { after },
    });
  setMember = (organisation: string, login: string, role: string) =>
    this.http.call<answers.Member>('PUT', '/orgs/{organisation}/members/{login}', {
      path: { organisation, login },
      body: { role },
    });
  removeMember = (organisation: string, login: string) =>
    this.http.call<undefined>('DELETE', '/orgs/{organisation}/members/{login}', { path: { organisation, login } });

  tokens = (login: string, after?: string) =>
    this.http.call<answers.Page<'tokens', answers.Token>>('GET', '/users/{login}/tokens', {
      path: { login },
      query: { after },
    });
  createToken = (login: string, body: object) =>
    this.http.call<answers.NewToken>('POST', '/users/{login}/tokens', { path: { login }, body });
  confineToken = (login: string, id: string, body: object) =>
    this.http.call<answers.Token>('PATCH', '/users/{login}/tokens/{id}', { path: { login, id }, body });
  rotateToken = (login: string, id: string) =>
    this.http.call<answers.NewToken>('POST', '/users/{login}/tokens/{id}/rotation', { path: { login, id } });
  revokeToken = (login: string, id: string) =>
    this.http.call<undefined>('DELETE', '/users/{login}/tokens/{id}', { path: { login, id } });

  setVisibility = (owner: string, name: string, visibility: string) =>
    this.http.call<{ name: string; visibility: string }>('PATCH', '/packages/{owner}/{name}', {
      path: { owner, name },
      body: { visibility },
    });

  gc = () => this.http.call<answers.GcControl>('GET', '/gc');
  changeGc = (body: Partial<answers.GcControl>) => this.http.call<answers.GcControl>('PATCH', '/gc', { body });
  startGc = (body: { grace?: string; dry_run: boolean }) =>
    this.http.call<{ id: number }>('POST', '/gc/runs', { body });
  gcRun = (id: string) => this.http.call<answers.GcRun>('GET', '/gc/runs/{id}', { path: { id } });
  gcRuns = (after?: string) =>
    this.http.call<answers.Page<'runs', answers.GcRun>>('GET', '/gc/runs', { query: { after } });
  gcLog = (after?: string) =>
    this.http.call<answers.Page<'log', answers.GcEntry>>('GET', '/gc/log', { query: { after } });
  gcRunLog = (id: string, after?: string) =>
    this.http.call<answers.Page<'log', answers.GcEntry>>('GET', '/gc/runs/{id}/log', {
      path: { id },
      query: { after },
    });

  storage = () => this.http.call<answers.Storage>('GET', '/storage');

  namespaceUse = (after?: string) =>
    this.http.call<answers.Page<'namespaces', answers.NamespaceUse> & answers.Measured>('GET', '/storage/namespaces', {
      query: { after },
    });
  packageUses = (sort: string, order: string | undefined, after?: string) =>
    this.http.call<answers.Page<'packages', answers.PackageUse> & answers.Measured>('GET', '/storage/packages', {
      query: { sort, order, after },
    });
  packageUse = (owner: string, name: string) =>
    this.http.call<answers.PackageUse & answers.Measured>('GET', '/storage/packages/{owner}/{name}', {
      path: { owner, name },
    });

  /** `policy` in place of the one that counts; without `name` of all packages of the owner. */
  previewRetention = (
    { owner, name }: { owner: string; name: string | undefined },
    policy: unknown,
    query: { only: string | undefined; after: string | undefined },
  ) => {
    const method = policy === undefined ? 'GET' : 'POST';
    return name === undefined
      ? this.http.call<answers.RetentionPreview>(method, '/namespaces/{owner}/retention/preview', {
          path: { owner },
          query,
          body: policy,
        })
      : this.http.call<answers.RetentionPreview>(method, '/packages/{owner}/{name}/retention/preview', {
          path: { owner, name },
          query,
          body: policy,
        });
  };

  startReconcile = (body: { dry_run: boolean }) => this.http.call<{ id: number }>('POST', '/reconcile/runs', { body });
  reconcileRun = (id: string) => this.http.call<answers.ReconcileRun>('GET', '/reconcile/runs/{id}', { path: { id } });
  reconcileRuns = (after?: string) =>
    this.http.call<answers.Page<'runs', answers.ReconcileRun>>('GET', '/reconcile/runs', { query: { after } });
  reconcileFindings = (id: string, kind: string | undefined, after?: string) =>
    this.http.call<answers.Page<'findings', answers.ReconcileFinding>>('GET', '/reconcile/runs/{id}/findings', {
      path: { id },
      query: { kind, after },
    });

  scrub = () => this.http.call<answers.ScrubState>('GET', '/scrub');
  changeScrub = (body: { mode?: string; pace?: number }) =>
    this.http.call<answers.ScrubState>('PATCH', '/scrub', { body });
  startScrub = () => this.http.call<{ id: number }>('POST', '/scrub/passes');
  scrubPasses = (after?: string) =>
    this.http.call<answers.Page<'passes', answers.ScrubPass>>('GET', '/scrub/passes', { query: { after } });
  damagedBlobs = (after?: string) =>
    this.http.call<answers.Page<'blobs', answers.DamagedBlob>>('GET', '/scrub/damaged', { query: { after } });

  uploads = (after?: string) =>
    this.http.call<answers.Page<'uploads', answers.Upload>>('GET', '/uploads', { query: { after } });
  cancelUpload = (id: string) => this.http.call<undefined>('DELETE', '/uploads/{id}', { path: { id } });

  deletions = (after?: string) =>
    this.http.call<answers.Page<'deletions', answers.Deletion>>('GET', '/object-deletions', { query: { after } });
  retryDeletions = (body: { object_key?: string }) =>
    this.http.call<{ retried: number }>('POST', '/object-deletions/retry', { body });

  keys = () => this.http.call<{ keys: answers.Key[] }>('GET', '/keys');
  rotateKey = () => this.http.call<answers.Key>('POST', '/keys/rotation');

  maintenance = () => this.http.call<answers.Maintenance>('GET', '/maintenance');
  setMaintenance = (body: { read_only: boolean; message?: string }) =>
    this.http.call<answers.Maintenance>('PATCH', '/maintenance', { body });
}
