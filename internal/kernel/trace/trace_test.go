package trace_test

import (
	"context"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"khue/internal/kernel/trace"
)

func TestSpansHangTogether(t *testing.T) {
	t.Parallel()
	mem := tracetest.NewInMemoryExporter()
	tr := trace.With(kept{mem}, "1")
	ctx, req := tr.Request(t.Context(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	_, unit := tr.Start(ctx, "unit")
	unit.Count("rows", 3)
	unit.End(true)
	req.Name("GET /desk")
	req.End(false)
	if err := tr.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	spans := mem.GetSpans()
	if len(spans) != 2 || spans[1].Name != "GET /desk" || spans[0].Parent.SpanID() != spans[1].SpanContext.SpanID() ||
		spans[1].SpanContext.TraceID().String() != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("%+v", spans)
	}
}

func TestOffIsNothing(t *testing.T) {
	tr, err := trace.Open(t.Context(), "", "1")
	if err != nil || tr.On() {
		t.Error(tr, err)
	}
	if n := testing.AllocsPerRun(100, func() {
		_, s := tr.Start(t.Context(), "unit")
		s.Word("a", "b")
		s.End(false)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if _, err := trace.Open(t.Context(), "collector:4318", "1"); err == nil {
		t.Error("an address without scheme was taken")
	}
}

func BenchmarkOff(b *testing.B) {
	var tr *trace.Tracer
	ctx := b.Context()
	for b.Loop() {
		_, s := tr.Start(ctx, "unit")
		s.Count("rows", 1)
		s.End(false)
	}
}

func BenchmarkOn(b *testing.B) {
	tr := trace.With(kept{tracetest.NewNoopExporter()}, "1")
	ctx := b.Context()
	for b.Loop() {
		_, s := tr.Start(ctx, "unit")
		s.Count("rows", 1)
		s.End(false)
	}
}

// kept forgets nothing when the tracer is closed.
type kept struct{ sdk.SpanExporter }

func (kept) Shutdown(context.Context) error { return nil }
