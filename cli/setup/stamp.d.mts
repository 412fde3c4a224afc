export declare const stampFile: string
export declare function sourceStamp(root: string): string
export declare function filesUnder(root: string, path: string): string[]
