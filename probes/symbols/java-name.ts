/**
 * A Java method as HotSpot lists it in a perf map, in the form that frames have: class and name. Without return type and
 * parameters, as names of C++ are shown; without the address and the number of a class that was made at run time, which
 * differ in every run (`T$$Lambda$1/0x00007f949c000a08`, from JDK 21 `T$$Lambda/0x0000000081040210`): the same code of two
 * runs is one box. Names of other runtimes and of HotSpot's stubs stay as they are.
 *
 * Source: CodeCache::write_perf_map and Method::external_name, OpenJDK 17 to 25.
 */
export function readableJavaName(name: string): string {
  const method = METHOD.exec(name)?.[1]
  return method === undefined ? name : method.replace(HIDDEN_CLASS, '').replace(LAMBDA_NUMBER, '$$$$Lambda')
}

/** `int[] a.B.f(java.lang.String, long)`: nothing in a method's name is a blank, and its parameters end the line. */
const METHOD = /^\S+ ([^\s()]+\.(?:<init>|<clinit>|[^\s().<>]+))\([^()]*\)$/
const HIDDEN_CLASS = /\/0x[0-9a-f]+(?=\.)/g
const LAMBDA_NUMBER = /\$\$Lambda\$\d+/g
