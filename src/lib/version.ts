declare const HUBTOP_PACKAGE_VERSION: string | undefined;

/** Version of this program, as package.json has it; build.mjs puts it into the bundle. */
export const HUBTOP_VERSION = typeof HUBTOP_PACKAGE_VERSION === 'undefined' ? '0.0.0-source' : HUBTOP_PACKAGE_VERSION;

/** What the version headers of Hubble say: the release whose wire API we speak. Its clients compare major and minor. */
export const HUBBLE_COMPAT_VERSION = '1.19.4+hubtop';
