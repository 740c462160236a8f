package trace

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	ot "go.opentelemetry.io/otel/trace"
)

// Tracer makes spans. nil makes none.
type Tracer struct {
	t    ot.Tracer
	stop func(context.Context) error
}

// Span is one piece of work; the zero value is none.
type Span struct{ s ot.Span }

// Open sends spans to the collector at address, https://host:4318 or http://127.0.0.1:4318;
// without a path to /v1/traces. An empty address gives nil. A collector that is away is not
// waited for: spans are lost, requests are not.
func Open(ctx context.Context, address, version string) (*Tracer, error) {
	if address == "" {
		return nil, nil //nolint:nilnil // nil is the tracer that is off
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("trace: the address of the collector is http(s)://host:port")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	exp, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(u.String()), otlptracehttp.WithTimeout(5*time.Second),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}))
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	return With(exp, version), nil
}

// With sends spans to exp: tests keep them in memory.
func With(exp sdk.SpanExporter, version string) *Tracer {
	p := sdk.NewTracerProvider(sdk.WithBatcher(exp, sdk.WithMaxQueueSize(4096)),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "khue"), attribute.String("service.version", version))))
	return &Tracer{t: p.Tracer("khue"), stop: p.Shutdown}
}

// Close sends what waits, for at most so long as ctx.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.stop(ctx)
}

// On reports whether spans are made.
func (t *Tracer) On() bool { return t != nil }

// Start begins a span below that of ctx. name is a word of the program.
func (t *Tracer) Start(ctx context.Context, name string) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	ctx, s := t.t.Start(ctx, name)
	return ctx, Span{s}
}

// Request begins the span of a request. parent is its traceparent header, "" where the one
// who sent it is not trusted.
func (t *Tracer) Request(ctx context.Context, parent string) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	if parent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": parent})
	}
	ctx, s := t.t.Start(ctx, "request", ot.WithSpanKind(ot.SpanKindServer))
	return ctx, Span{s}
}

// Name renames the span: a request learns its route late.
func (s Span) Name(name string) {
	if s.s != nil {
		s.s.SetName(name)
	}
}

// Word and Count add a fact.
func (s Span) Word(key, value string) {
	if s.s != nil {
		s.s.SetAttributes(attribute.String(key, value))
	}
}

// Count adds a number: a status, a size.
func (s Span) Count(key string, n int) {
	if s.s != nil {
		s.s.SetAttributes(attribute.Int(key, n))
	}
}

// End ends the span; failed says that the work did not succeed. The error itself may hold
// what somebody typed, so it stays in the log.
func (s Span) End(failed bool) {
	if s.s == nil {
		return
	}
	if failed {
		s.s.SetStatus(codes.Error, "")
	}
	s.s.End()
}
