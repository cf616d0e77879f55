export async function exportModel(): Promise<never[]> {
  return []
}
