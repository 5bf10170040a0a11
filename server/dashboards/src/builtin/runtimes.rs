//! What runtimes tell of themselves: the names of OpenTelemetry's semantic conventions, of older SDK instrumentations and of the
//! Prometheus clients, so that whichever arrives is shown.

use telltale_api::dashboard::PanelKind::Graph;

use super::{Ask, Board, Sketch};

const fn ask(metric: &'static str, expr: &'static str, legend: &'static str) -> Ask {
    Ask { metric, expr, legend }
}

const fn graph(title: &'static str, unit: &'static str, asks: &'static [Ask]) -> Sketch {
    Sketch { title, unit, kind: Graph, asks }
}

/// `value!("metric", "legend")`: the metric as it is, for the chosen jobs.
macro_rules! value {
    ($metric:literal, $legend:literal) => {
        ask($metric, concat!($metric, "{job=~\"$job\"}"), $legend)
    };
}

/// `rate!("metric", "legend")`: how fast it rises.
macro_rules! rate {
    ($metric:literal, $legend:literal) => {
        ask($metric, concat!("rate(", $metric, "{job=~\"$job\"}[$__rate_interval])"), $legend)
    };
}

/// `mean!("base", "legend")`: the mean of a histogram's or a summary's observations.
macro_rules! mean {
    ($base:literal, $legend:literal) => {
        ask(
            concat!($base, "_count"),
            concat!(
                "rate(",
                $base,
                "_sum{job=~\"$job\"}[$__rate_interval]) / rate(",
                $base,
                "_count{job=~\"$job\"}[$__rate_interval])"
            ),
            $legend,
        )
    };
}

/// Every runtime's dashboard.
pub(super) const BOARDS: &[Board] = &[
    Board {
        name: "process",
        title: "Processes",
        description: "Processor, memory, files and threads of processes, whatever they are written in",
        panels: &[
            graph(
                "Processor",
                "",
                &[
                    rate!("process_cpu_time_seconds_total", "{{job}} · {{cpu_mode}}"),
                    rate!("process_cpu_seconds_total", "{{job}}"),
                ],
            ),
            graph(
                "Processor in use",
                "ratio",
                &[value!("process_cpu_utilization_ratio", "{{job}}"), value!("process_cpu_utilization", "{{job}}")],
            ),
            graph(
                "Memory",
                "By",
                &[
                    value!("process_memory_usage_bytes", "{{job}}"),
                    value!("process_resident_memory_bytes", "{{job}} · resident"),
                    value!("process_runtime_memory_bytes", "{{job}} · {{type}}"),
                ],
            ),
            graph(
                "Virtual memory",
                "By",
                &[value!("process_memory_virtual_bytes", "{{job}}"), value!("process_virtual_memory_bytes", "{{job}}")],
            ),
            graph(
                "Open files",
                "",
                &[
                    value!("process_open_file_descriptor_count", "{{job}}"),
                    value!("process_unix_file_descriptor_count", "{{job}}"),
                    value!("process_open_fds", "{{job}}"),
                ],
            ),
            graph("Threads", "", &[value!("process_thread_count", "{{job}}"), value!("process_threads", "{{job}}")]),
            graph("Disk", "By/s", &[rate!("process_disk_io_bytes_total", "{{job}} · {{disk_io_direction}}")]),
            graph("Network", "By/s", &[rate!("process_network_io_bytes_total", "{{job}} · {{network_io_direction}}")]),
        ],
    },
    Board {
        name: "jvm",
        title: "JVM",
        description: "Memory, garbage collection, threads and classes of Java virtual machines",
        panels: &[
            graph(
                "Memory in use",
                "By",
                &[ask(
                    "jvm_memory_used_bytes",
                    "sum by (job, jvm_memory_type, jvm_memory_pool_name, area, id) (jvm_memory_used_bytes{job=~\"$job\"})",
                    "{{job}} · {{jvm_memory_pool_name}}{{id}}",
                )],
            ),
            graph(
                "Memory after the last collection",
                "By",
                &[value!("jvm_memory_used_after_last_gc_bytes", "{{job}} · {{jvm_memory_pool_name}}")],
            ),
            graph(
                "Memory limit",
                "By",
                &[
                    value!("jvm_memory_limit_bytes", "{{job}} · {{jvm_memory_pool_name}}"),
                    value!("jvm_memory_max_bytes", "{{job}} · {{id}}"),
                ],
            ),
            graph(
                "Time of garbage collection",
                "s/s",
                &[
                    rate!("jvm_gc_duration_seconds_sum", "{{job}} · {{jvm_gc_name}} {{jvm_gc_action}}"),
                    rate!("jvm_gc_pause_seconds_sum", "{{job}} · {{action}} {{cause}}"),
                    rate!("jvm_gc_collection_seconds_sum", "{{job}} · {{gc}}"),
                ],
            ),
            graph(
                "Mean pause",
                "s",
                &[
                    mean!("jvm_gc_duration_seconds", "{{job}} · {{jvm_gc_name}}"),
                    mean!("jvm_gc_pause_seconds", "{{job}} · {{action}}"),
                ],
            ),
            graph(
                "Threads",
                "",
                &[
                    value!("jvm_thread_count", "{{job}} · {{jvm_thread_state}}"),
                    value!("jvm_threads_live_threads", "{{job}}"),
                    value!("jvm_threads_current", "{{job}}"),
                ],
            ),
            graph(
                "Classes",
                "",
                &[value!("jvm_class_count", "{{job}}"), value!("jvm_classes_loaded_classes", "{{job}}")],
            ),
            graph(
                "Processor in use",
                "ratio",
                &[
                    value!("jvm_cpu_recent_utilization_ratio", "{{job}}"),
                    value!("process_cpu_usage", "{{job}} · process"),
                    value!("system_cpu_usage", "{{job}} · system"),
                ],
            ),
        ],
    },
    Board {
        name: "node",
        title: "Node.js",
        description: "Event loop, heap and garbage collection of Node.js",
        panels: &[
            graph(
                "Delay of the event loop",
                "s",
                &[
                    value!("nodejs_eventloop_delay_p50_seconds", "{{job}} · p50"),
                    value!("nodejs_eventloop_delay_p99_seconds", "{{job}} · p99"),
                    value!("nodejs_eventloop_lag_seconds", "{{job}} · now"),
                    value!("nodejs_eventloop_lag_p99_seconds", "{{job}} · p99"),
                ],
            ),
            graph(
                "Event loop in use",
                "ratio",
                &[
                    value!("nodejs_eventloop_utilization_ratio", "{{job}}"),
                    value!("nodejs_eventloop_utilization", "{{job}}"),
                ],
            ),
            graph(
                "Time of the event loop",
                "s/s",
                &[rate!("nodejs_eventloop_time_seconds_total", "{{job}} · {{nodejs_eventloop_state}}")],
            ),
            graph(
                "Heap in use",
                "By",
                &[
                    value!("v8js_memory_heap_used_bytes", "{{job}} · {{v8js_heap_space_name}}"),
                    value!("nodejs_heap_size_used_bytes", "{{job}}"),
                ],
            ),
            graph(
                "Heap",
                "By",
                &[
                    value!("v8js_memory_heap_limit_bytes", "{{job}} · {{v8js_heap_space_name}}"),
                    value!("nodejs_heap_size_total_bytes", "{{job}}"),
                ],
            ),
            graph(
                "Time of garbage collection",
                "s/s",
                &[
                    rate!("v8js_gc_duration_seconds_sum", "{{job}} · {{v8js_gc_type}}"),
                    rate!("nodejs_gc_duration_seconds_sum", "{{job}} · {{kind}}"),
                ],
            ),
            graph(
                "Active handles and requests",
                "",
                &[
                    value!("nodejs_active_handles_total", "{{job}} · handles"),
                    value!("nodejs_active_requests_total", "{{job}} · requests"),
                    value!("nodejs_active_resources_total", "{{job}} · resources"),
                ],
            ),
        ],
    },
    Board {
        name: "python",
        title: "Python",
        description: "Memory, garbage collection and threads of CPython",
        panels: &[
            graph("Memory", "By", &[value!("process_runtime_cpython_memory_bytes", "{{job}} · {{type}}")]),
            graph("Processor", "", &[rate!("process_runtime_cpython_cpu_time_seconds_total", "{{job}} · {{type}}")]),
            graph("Processor in use", "ratio", &[value!("process_runtime_cpython_cpu_utilization_ratio", "{{job}}")]),
            graph(
                "Collections",
                "/s",
                &[
                    rate!("cpython_gc_collections_total", "{{job}} · {{cpython_gc_generation}}{{generation}}"),
                    rate!("process_runtime_cpython_gc_count_bytes_total", "{{job}} · {{count}}"),
                    rate!("process_runtime_cpython_gc_count_total", "{{job}} · {{count}}"),
                    rate!("python_gc_collections_total", "{{job}} · generation {{generation}}"),
                ],
            ),
            graph(
                "Objects collected",
                "/s",
                &[
                    rate!("cpython_gc_collected_objects_total", "{{job}} · {{cpython_gc_generation}}{{generation}}"),
                    rate!("python_gc_objects_collected_total", "{{job}} · generation {{generation}}"),
                ],
            ),
            graph(
                "Objects that could not be collected",
                "/s",
                &[
                    rate!(
                        "cpython_gc_uncollectable_objects_total",
                        "{{job}} · {{cpython_gc_generation}}{{generation}}"
                    ),
                    rate!("python_gc_objects_uncollectable_total", "{{job}} · generation {{generation}}"),
                ],
            ),
            graph("Threads", "", &[value!("process_runtime_cpython_thread_count", "{{job}}")]),
            graph(
                "Context switches",
                "/s",
                &[rate!("process_runtime_cpython_context_switches_total", "{{job}} · {{type}}")],
            ),
        ],
    },
    Board {
        name: "beam",
        title: "BEAM",
        description: "Memory, processes, schedulers and run queues of Erlang and Elixir",
        panels: &[
            graph(
                "Memory",
                "By",
                &[
                    value!("erlang_vm_memory_bytes_total", "{{job}} · {{kind}}"),
                    value!("vm_memory_total_bytes", "{{job}}"),
                    value!("vm_memory_total", "{{job}}"),
                    value!("beam_memory_bytes", "{{job}} · {{beam_memory_type}}"),
                    value!("beam_memory_usage_bytes", "{{job}} · {{type}}"),
                ],
            ),
            graph(
                "Memory of processes",
                "By",
                &[
                    value!("erlang_vm_memory_processes_bytes_total", "{{job}} · {{usage}}"),
                    value!("vm_memory_processes_bytes", "{{job}}"),
                    value!("vm_memory_processes", "{{job}}"),
                ],
            ),
            graph(
                "Processes",
                "",
                &[
                    value!("erlang_vm_process_count", "{{job}}"),
                    value!("vm_system_counts_process_count", "{{job}}"),
                    value!("beam_process_count", "{{job}}"),
                    value!("beam_processes_count", "{{job}}"),
                ],
            ),
            graph(
                "Run queues",
                "",
                &[
                    value!("erlang_vm_statistics_run_queues_length", "{{job}}"),
                    value!("erlang_vm_statistics_run_queues_length_total", "{{job}}"),
                    value!("vm_total_run_queue_lengths_total", "{{job}} · all"),
                    value!("vm_total_run_queue_lengths_cpu", "{{job}} · cpu"),
                    value!("vm_total_run_queue_lengths_io", "{{job}} · io"),
                    value!("beam_run_queue_length", "{{job}}"),
                ],
            ),
            graph(
                "Reductions",
                "/s",
                &[rate!("erlang_vm_statistics_reductions_total", "{{job}}"), rate!("beam_reductions_total", "{{job}}")],
            ),
            graph(
                "Garbage collections",
                "/s",
                &[
                    rate!("erlang_vm_statistics_garbage_collection_number_of_gcs", "{{job}}"),
                    rate!("beam_gc_count_total", "{{job}}"),
                ],
            ),
            graph(
                "Ports",
                "",
                &[
                    value!("erlang_vm_port_count", "{{job}}"),
                    value!("vm_system_counts_port_count", "{{job}}"),
                    value!("beam_port_count", "{{job}}"),
                ],
            ),
            graph(
                "Atoms",
                "",
                &[
                    value!("erlang_vm_atom_count", "{{job}}"),
                    value!("vm_system_counts_atom_count", "{{job}}"),
                    value!("beam_atom_count", "{{job}}"),
                ],
            ),
        ],
    },
];
