/** The part of d3-node (which ships no types) and of d3 that the charts use. */
declare module 'd3-node' {
  export interface Selection {
    append(name: string): Selection
    attr(name: string, value: string | number | null): Selection
    text(value: string): Selection
    call(draw: Axis): Selection
    node(): unknown
  }

  export interface Scale {
    (value: number): number
    domain(): [number, number]
    domain(values: readonly [number, number]): Scale
    range(values: readonly [number, number]): Scale
    nice(count?: number): Scale
    clamp(clamps: boolean): Scale
    ticks(count?: number): number[]
    copy(): Scale
  }

  export interface Axis {
    tickValues(values: readonly number[]): Axis
    tickFormat(format: (value: number) => string): Axis
    tickSizeInner(px: number): Axis
    tickSizeOuter(px: number): Axis
    tickPadding(px: number): Axis
  }

  /** A generator of path data; `null` where no point is defined. */
  export interface Line<Point> {
    (points: readonly Point[]): string | null
    defined(test: (point: Point) => boolean): Line<Point>
    x(read: (point: Point) => number): Line<Point>
    y(read: (point: Point) => number): Line<Point>
  }
  export interface Area<Point> {
    (points: readonly Point[]): string | null
    defined(test: (point: Point) => boolean): Area<Point>
    x(read: (point: Point) => number): Area<Point>
    y0(read: (point: Point) => number): Area<Point>
    y1(read: (point: Point) => number): Area<Point>
  }

  export interface D3 {
    scaleLinear(): Scale
    scaleLog(): Scale
    axisLeft(scale: Scale): Axis
    axisBottom(scale: Scale): Axis
    line<Point>(): Line<Point>
    area<Point>(): Area<Point>
    min(values: readonly number[]): number | undefined
    max(values: readonly number[]): number | undefined
    median(values: readonly number[]): number | undefined
  }

  export class D3Node {
    d3: D3
    window: { XMLSerializer: new () => { serializeToString(node: unknown): string } }
    createSVG(width: number, height: number, attributes?: Record<string, string>): Selection
  }
}
