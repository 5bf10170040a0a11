//! How a program is pointed at this server, language by language: the lines of the first-run page, and what the tests run.
//!
//! `{endpoint}` stands for the OTLP/HTTP address as the reader's machine reaches it, `{port}` for its port, `{ui}` for the address
//! of the pages.

/// What a part of a snippet is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// A POSIX shell.
    Shell,
    /// TOML.
    Toml,
    /// YAML.
    Yaml,
    /// Rust.
    Rust,
    /// Go.
    Go,
    /// C#.
    CSharp,
    /// Elixir.
    Elixir,
    /// JavaScript, as a module.
    JavaScript,
}

/// Lines that belong into one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Where they belong: a file's name, or what to do.
    pub place: &'static str,
    /// What they are written in.
    pub form: Form,
    /// The lines.
    pub text: &'static str,
}

/// How one language, or kind of program, sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snippet {
    /// Name of the language, as the page shows it.
    pub name: &'static str,
    /// Its parts, in the order of use.
    pub parts: &'static [Part],
}

impl Part {
    /// Returns the lines for the addresses of a server.
    #[must_use]
    pub fn filled(&self, endpoint: &str, ui: &str) -> String {
        let port = endpoint.rsplit_once(':').map_or("4318", |(_, port)| port.trim_end_matches('/'));
        self.text.replace("{endpoint}", endpoint).replace("{port}", port).replace("{ui}", ui)
    }
}

const fn part(place: &'static str, form: Form, text: &'static str) -> Part {
    Part { place, form, text }
}

/// Every snippet, in the order of the page.
pub const SNIPPETS: &[Snippet] = &[
    Snippet { name: "Any SDK", parts: &[part("In the shell that starts your program", Form::Shell, ANY)] },
    Snippet {
        name: "Python",
        parts: &[part("Once", Form::Shell, PYTHON_INSTALL), part("Each time", Form::Shell, PYTHON)],
    },
    Snippet { name: "Node", parts: &[part("Once", Form::Shell, NODE_INSTALL), part("Each time", Form::Shell, NODE)] },
    Snippet { name: "Java", parts: &[part("Once", Form::Shell, JAVA_INSTALL), part("Each time", Form::Shell, JAVA)] },
    Snippet {
        name: "Go",
        parts: &[
            part("main.go", Form::Go, GO),
            part("Once", Form::Shell, "go mod tidy"),
            part("Each time", Form::Shell, GO_RUN),
        ],
    },
    Snippet {
        name: "Rust",
        parts: &[
            part("Cargo.toml", Form::Toml, RUST_CARGO),
            part("src/main.rs", Form::Rust, RUST),
            part("Each time", Form::Shell, RUST_RUN),
        ],
    },
    Snippet {
        name: ".NET",
        parts: &[
            part("Once", Form::Shell, DOTNET_INSTALL),
            part("Program.cs", Form::CSharp, DOTNET),
            part("Each time", Form::Shell, DOTNET_RUN),
        ],
    },
    Snippet {
        name: "Elixir",
        parts: &[part("mix.exs, in deps", Form::Elixir, ELIXIR_DEPS), part("Each time", Form::Shell, ELIXIR)],
    },
    Snippet {
        name: "Browser",
        parts: &[
            part("Once", Form::Shell, BROWSER_INSTALL),
            part("First module of the page", Form::JavaScript, BROWSER),
        ],
    },
    Snippet {
        name: "Docker",
        parts: &[
            part("On Linux: the container shares this machine's network", Form::Shell, DOCKER_LINUX),
            part("Docker Desktop on macOS and Windows", Form::Shell, DOCKER_DESKTOP),
        ],
    },
    Snippet {
        name: "CI",
        parts: &[
            part("Any CI: a server for one command, and its report as one page", Form::Shell, CI),
            part("GitHub Actions", Form::Yaml, CI_GITHUB),
        ],
    },
    Snippet { name: "curl", parts: &[part("One span, and the address of its story", Form::Shell, CURL)] },
    Snippet { name: "telltale", parts: &[part("A sample shop and a worker that really works", Form::Shell, DEMO)] },
];

const ANY: &str = r"export OTEL_SERVICE_NAME=my-app
export OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
your-app";

const PYTHON_INSTALL: &str = r"pip install opentelemetry-distro opentelemetry-exporter-otlp
opentelemetry-bootstrap -a install";

const PYTHON: &str = r"OTEL_SERVICE_NAME=my-app \
OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} \
OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \
opentelemetry-instrument python app.py";

const NODE_INSTALL: &str = r"npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node";

const NODE: &str = r#"OTEL_SERVICE_NAME=my-app \
OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} \
NODE_OPTIONS="--require @opentelemetry/auto-instrumentations-node/register" \
node app.js"#;

const JAVA_INSTALL: &str = r"curl -fLO https://github.com/open-telemetry/opentelemetry-java-instrumentation/releases/latest/download/opentelemetry-javaagent.jar";

const JAVA: &str = r"OTEL_SERVICE_NAME=my-app \
OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} \
OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \
java -javaagent:opentelemetry-javaagent.jar -jar app.jar";

const GO: &str = r#"package main

import (
	"context"
	"log"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/trace"
)

func main() {
	ctx := context.Background()
	exporter, err := otlptracehttp.New(ctx) // reads OTEL_EXPORTER_OTLP_ENDPOINT
	if err != nil {
		log.Fatal(err)
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter))
	defer provider.Shutdown(ctx) // sends what is left
	otel.SetTracerProvider(provider)

	_, span := otel.Tracer("my-app").Start(ctx, "hello")
	span.End()
}"#;

const GO_RUN: &str = r"OTEL_SERVICE_NAME=my-app \
OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} \
go run .";

const RUST_CARGO: &str = r#"[dependencies]
opentelemetry = "0.33"
opentelemetry_sdk = "0.33"
opentelemetry-otlp = { version = "0.33", features = ["http-proto", "reqwest-blocking-client"] }"#;

const RUST: &str = r#"use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Reads OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_SERVICE_NAME.
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build()?;
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    provider.tracer("my-app").in_span("hello", |_context| println!("working"));
    provider.shutdown()?; // sends what is left
    Ok(())
}"#;

const RUST_RUN: &str = r"OTEL_SERVICE_NAME=my-app \
OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} \
cargo run";

const DOTNET_INSTALL: &str = r"dotnet add package OpenTelemetry.Extensions.Hosting
dotnet add package OpenTelemetry.Exporter.OpenTelemetryProtocol
dotnet add package OpenTelemetry.Instrumentation.AspNetCore";

const DOTNET: &str = r#"using OpenTelemetry;
using OpenTelemetry.Trace;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddOpenTelemetry()
    .WithTracing(tracing => tracing.AddAspNetCoreInstrumentation())
    .UseOtlpExporter();

var app = builder.Build();
app.MapGet("/", () => "hello");
app.Run();"#;

const DOTNET_RUN: &str = r"OTEL_SERVICE_NAME=my-app \
OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} \
OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \
dotnet run";

const ELIXIR_DEPS: &str = r#"# The exporter stands first: it has to be there when the SDK starts.
[
  {:opentelemetry_exporter, "~> 1.8"},
  {:opentelemetry_api, "~> 1.4"},
  {:opentelemetry, "~> 1.5"}
]"#;

const ELIXIR: &str = r"OTEL_SERVICE_NAME=my-app \
OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} \
mix phx.server";

const BROWSER_INSTALL: &str =
    r"npm install @opentelemetry/sdk-trace-web @opentelemetry/exporter-trace-otlp-http @opentelemetry/resources";

const BROWSER: &str = r#"import { BatchSpanProcessor, WebTracerProvider } from "@opentelemetry/sdk-trace-web";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";

// Pages of localhost may send; others are allowed with --cors-origin.
const exporter = new OTLPTraceExporter({ url: "{endpoint}/v1/traces" });
const provider = new WebTracerProvider({
  resource: resourceFromAttributes({ "service.name": "my-page" }),
  spanProcessors: [new BatchSpanProcessor(exporter)],
});
provider.register();
provider.getTracer("my-page").startSpan("page opened").end();"#;

const DOCKER_LINUX: &str = r"docker run --network host \
  -e OTEL_SERVICE_NAME=my-app \
  -e OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} \
  -e OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \
  my-image";

const DOCKER_DESKTOP: &str = r"docker run \
  -e OTEL_SERVICE_NAME=my-app \
  -e OTEL_EXPORTER_OTLP_ENDPOINT=http://host.docker.internal:{port} \
  -e OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \
  my-image";

const CI: &str = r"telltale run --out run.telltale --html run.html -- your-test-command";

const CI_GITHUB: &str = r"- name: Tests with their telemetry
  run: telltale run --out run.telltale --html run.html -- your-test-command
- name: The report, one click away
  if: always()
  uses: actions/upload-artifact@v7
  with:
    path: run.html
    archive: false";

const CURL: &str = r#"trace=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n'); span=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n'); now=$(date +%s)
curl -fsS {endpoint}/v1/traces -H 'Content-Type: application/json' -d '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"curl"}}]},"scopeSpans":[{"spans":[{"traceId":"'$trace'","spanId":"'$span'","name":"hello","kind":1,"startTimeUnixNano":"'$now'000000000","endTimeUnixNano":"'$now'250000000"}]}]}]}'
echo; echo "{ui}/t/$trace""#;

const DEMO: &str = r"telltale demo --url {ui} --for 1m";
