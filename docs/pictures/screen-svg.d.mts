export declare function screenSvg(
  capture: string,
  options: { title: string; columns?: number; theme?: 'dark' | 'light' },
): string
