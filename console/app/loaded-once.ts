// A file that is loaded once, and again only where it did not arrive.
export interface LoadedOnce<File> {
  load(): Promise<File>;
  /** Undefined until it is there. */
  readonly file: File | undefined;
}

export function loadedOnce<File>(load: () => Promise<File>): LoadedOnce<File> {
  let file: File | undefined;
  let loading: Promise<File> | undefined;
  const begun = async (): Promise<File> => {
    try {
      file = await load();
      return file;
    } catch (error) {
      loading = undefined;
      throw error;
    }
  };
  return {
    load: () => (loading ??= begun()),
    get file() {
      return file;
    },
  };
}
