/** Set by the build from package.json. */
declare const ATTNSCOPE_VERSION: string;
