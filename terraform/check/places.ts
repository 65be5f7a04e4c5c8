/** Where a check works: the repository's root, the folder of what is kept between checks, and the environment. */
export type Places = {
  root: string;
  cache: string;
  environment: Record<string, string | undefined>;
};
