/** Rows by their package, in the order in which packages first come. */
export function byPackage<T extends { packageId: number }>(rows: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const group = groups.get(row.packageId);
    if (group) group.push(row);
    else groups.set(row.packageId, [row]);
  }
  return groups;
}
