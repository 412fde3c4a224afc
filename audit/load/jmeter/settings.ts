/**
 * Properties of JMeter that make its result file readable while it grows: a header, milliseconds, each sample flushed at once
 * (as shipped it holds back 16 KiB), and no more columns than are read. Names and defaults: JMeter's properties reference.
 */
export function resultSettings(format: 'csv' | 'xml'): Readonly<Record<string, string>> {
  const save = {
    output_format: format,
    autoflush: 'true',
    print_field_names: 'true',
    default_delimiter: ',',
    timestamp_format: 'ms',
    time: 'true',
    connect_time: 'true',
    response_code: 'true',
    response_message: 'true',
    successful: 'true',
    thread_name: 'true',
    // In XML they are where the requests of a transaction stand.
    subresults: 'true',
    label: 'false',
    data_type: 'false',
    bytes: 'false',
    sent_bytes: 'false',
    thread_counts: 'false',
    latency: 'false',
    idle_time: 'false',
    url: 'false',
    hostname: 'false',
    filename: 'false',
    encoding: 'false',
    sample_count: 'false',
    assertions: 'false',
    assertion_results: 'none',
    assertion_results_failure_message: 'false',
    response_data: 'false',
    'response_data.on_error': 'false',
    samplerData: 'false',
    requestHeaders: 'false',
    responseHeaders: 'false',
  }
  return {
    ...Object.fromEntries(Object.entries(save).map(([key, value]) => [`jmeter.save.saveservice.${key}`, value])),
    'sampleresult.timestamp.start': 'true',
    // Some versions wait for threads of plug-ins at the end, for ever.
    'jmeterengine.force.system.exit': 'true',
  }
}

/** A file of Java properties (java.util.Properties.load): what would end or begin something is escaped, the rest is ASCII. */
export function propertiesText(properties: Readonly<Record<string, string>>): string {
  const escaped = (text: string, special: RegExp) =>
    text
      .replace(special, (character) => `\\${character}`)
      .replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return Object.entries(properties)
    .map(([name, value]) => `${escaped(name, /[\\ =:#!]/g)}=${escaped(value, /\\|^ /g)}\n`)
    .join('')
}
