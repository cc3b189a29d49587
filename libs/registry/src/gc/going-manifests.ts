/** A manifest of a package and what keeps it, as far as a deletion is concerned. */
export interface HeldManifest {
  id: number;
  /** False: deleted already, and restorable. */
  isLive: boolean;
  isTagged: boolean;
  /** No rule for untagged manifests ever takes it; what it is about, or was part of, may. */
  staysUntagged: boolean;
  /** Where it goes, what only it held goes as well, whatever the rule for untagged manifests. */
  takesAlong: boolean;
  /** A live or restorable manifest names it that is not among those looked at. */
  isNamedElsewhere: boolean;
  /** Those among them that it names. */
  names: readonly number[];
  /** The live or restorable manifest that it is about, among those looked at or not. */
  subject: number | undefined;
}

/**
 * Which manifests go in the end when those `asked` for are deleted. One that a manifest names that stays is not deleted at all.
 * What else goes has no tag, and nothing that stays names it or is its subject: referrers go with their subject, or with
 * the last that names them if that stays longer; what nobody names any more goes by the rule for untagged manifests, or as
 * what was left of something that takes all along.
 *
 * `manifests` are those asked for, what they name, what is about them, and so on from those.
 */
export function goingManifests(manifests: readonly HeldManifest[], asked: ReadonlySet<number>): Set<number> {
  const namedBy = new Map<number, number[]>();
  for (const { id, names } of manifests) {
    for (const named of names) namedBy.set(named, [...(namedBy.get(named) ?? []), id]);
  }
  const holdersOf = ({ id, subject }: HeldManifest) => [
    ...(namedBy.get(id) ?? []),
    ...(subject === undefined ? [] : [subject]),
  ];
  const going = new Set<number>();
  const goes = (manifest: HeldManifest): boolean => {
    const namers = namedBy.get(manifest.id) ?? [];
    if (manifest.isNamedElsewhere || namers.some((id) => !going.has(id))) return false;
    if (asked.has(manifest.id)) return true;
    if (!manifest.isLive || manifest.isTagged) return false;
    if (manifest.subject !== undefined) return going.has(manifest.subject);
    return !manifest.staysUntagged || namers.some((id) => takingAlong.has(id));
  };
  const takingAlong = new Set<number>();
  // One that goes may let go of others: again, until a look finds none.
  for (let before = -1; before < going.size + takingAlong.size; ) {
    before = going.size + takingAlong.size;
    for (const manifest of manifests) {
      if (!going.has(manifest.id) && goes(manifest)) going.add(manifest.id);
      if (!going.has(manifest.id)) continue;
      const isTaken = !asked.has(manifest.id) && holdersOf(manifest).some((id) => takingAlong.has(id));
      if (manifest.takesAlong || isTaken) takingAlong.add(manifest.id);
    }
  }
  return going;
}
