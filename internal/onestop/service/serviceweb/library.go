package serviceweb

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/web"
	"khue/internal/onestop/service"
)

// libraryAPI are the operations by which packages are handed in and decided on.
func (d Deps) libraryAPI(a *web.API) {
	const path = "/api/v1/service-submissions"
	web.Op(a, huma.Operation{
		OperationID: "submitService", Method: http.MethodPost, Path: path, MaxBodyBytes: service.MaxArchive*4/3 + 64<<10, DefaultStatus: http.StatusCreated,
		Summary: "serviceweb.api.submit", Description: "serviceweb.api.submitText",
	}, service.MaySubmit, d.apiSubmit)
	web.Op(a, huma.Operation{
		OperationID: "checkService", Method: http.MethodPost, Path: path + "/check", MaxBodyBytes: service.MaxArchive*4/3 + 64<<10,
		Summary: "serviceweb.api.check", Description: "serviceweb.api.checkText",
	}, service.MaySubmit, d.apiCheck)
	web.Op(a, huma.Operation{
		OperationID: "listServiceSubmissions", Method: http.MethodGet, Path: path,
		Summary: "serviceweb.api.list", Description: "serviceweb.api.listText",
	}, service.MaySubmit, d.apiList)
	web.Op(a, huma.Operation{
		OperationID: "getServiceSubmission", Method: http.MethodGet, Path: path + "/{id}",
		Summary: "serviceweb.api.get", Description: "serviceweb.api.getText",
	}, service.MaySubmit, d.apiGet)
	web.Op(a, huma.Operation{
		OperationID: "decideServiceSubmission", Method: http.MethodPost, Path: path + "/{id}/decisions",
		Summary: "serviceweb.api.decide", Description: "serviceweb.api.decideText",
	}, service.MayDecide, d.apiDecide)
}

// Submission is a package that was handed in.
type Submission struct {
	ID          string `json:"id"`
	Service     string `json:"service"`
	Version     string `json:"version"`
	Digest      string `json:"digest" doc:"SHA-256 of the manifest."`
	Procedure   string `json:"procedure"`
	Author      string `json:"author" doc:"Name of the key that signed it."`
	Stage       string `json:"stage" enum:"submitted,reviewed,published,retired,rejected"`
	SubmittedAt string `json:"submittedAt"`
	From        string `json:"from,omitempty" doc:"First day in force."`
	Until       string `json:"until,omitempty" doc:"First day on which it is no more."`
	Reason      string `json:"reason,omitempty" doc:"Of the rejection or the retirement."`
}

func shown(x service.Submission) Submission {
	out := Submission{
		ID: x.ID.String(), Service: x.Service, Version: x.Version, Digest: x.Digest, Procedure: x.Procedure, Author: x.Author, Stage: string(x.Stage),
		SubmittedAt: x.SubmittedAt.Format("2006-01-02T15:04:05Z07:00"), Reason: x.Reason,
	}
	if !x.From.IsZero() {
		out.From = x.From.String()
	}
	if !x.Until.IsZero() {
		out.Until = x.Until.String()
	}
	return out
}

// PackageBody is an archive.
type PackageBody struct {
	Archive string `json:"archive" maxLength:"5600000" doc:"The .zip or .tar.gz from khue service pack, in base64."`
}

func (b PackageBody) bytes() ([]byte, error) {
	out, err := base64.StdEncoding.DecodeString(b.Archive)
	if err != nil {
		return nil, errs.E(errs.Invalid, "serviceweb.base64", errs.WithFields(errs.Field{Path: "body.archive", Key: "serviceweb.base64"}))
	}
	return out, nil
}

// SubmitInput hands a package in.
type SubmitInput struct {
	web.Keyed
	Body PackageBody
}

// SubmissionOutput is one submission.
type SubmissionOutput struct{ Body Submission }

func (d Deps) apiSubmit(ctx context.Context, in *SubmitInput) (*SubmissionOutput, error) {
	archive, err := in.Body.bytes()
	if err != nil {
		return nil, err
	}
	x, err := d.Library.Submit(ctx, in.Key, archive)
	if err != nil {
		return nil, err
	}
	return &SubmissionOutput{Body: shown(x)}, nil
}

// CheckInput asks what the linter and the scenarios say; nothing is kept.
type CheckInput struct{ Body PackageBody }

// CheckOutput is what they say.
type CheckOutput struct {
	Body struct {
		OK       bool      `json:"ok"`
		Digest   string    `json:"digest,omitempty"`
		Problems []Finding `json:"problems" nullable:"false"`
	}
}

// Finding is one problem of a package.
type Finding struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Element string `json:"element"`
	Level   string `json:"level" enum:"error,warning,info"`
	Key     string `json:"key"`
	Text    Text   `json:"text"`
}

func (d Deps) apiCheck(_ context.Context, in *CheckInput) (*CheckOutput, error) {
	archive, err := in.Body.bytes()
	if err != nil {
		return nil, err
	}
	pkg, problems := d.Library.Check("", archive)
	out := &CheckOutput{}
	out.Body.OK, out.Body.Problems = pkg != nil, []Finding{}
	if pkg != nil {
		out.Body.Digest = pkg.Digest
	}
	for _, p := range problems {
		out.Body.Problems = append(out.Body.Problems, d.finding(p))
	}
	return out, nil
}

func (d Deps) finding(p decl.Problem) Finding {
	say := func(l i18n.Lang) string { return d.Bundle.Map(l, p.Key, localized(l, p.Params)) }
	return Finding{File: p.File, Line: p.Pos.Line, Column: p.Pos.Col, Element: p.Element, Level: p.Level.String(), Key: p.Key, Text: Text{VI: say(i18n.VI), EN: say(i18n.EN)}}
}

// SubmissionsInput has no filter.
type SubmissionsInput struct{}

// SubmissionsOutput are the newest submissions.
type SubmissionsOutput struct{ Body web.List[Submission] }

func (d Deps) apiList(ctx context.Context, _ *SubmissionsInput) (*SubmissionsOutput, error) {
	all, err := d.Library.Submissions(ctx)
	if err != nil {
		return nil, err
	}
	out := &SubmissionsOutput{Body: web.List[Submission]{Items: []Submission{}}}
	for _, x := range all {
		out.Body.Items = append(out.Body.Items, shown(x))
	}
	return out, nil
}

// SubmissionInput names one.
type SubmissionInput struct {
	ID string `path:"id" maxLength:"20"`
}

func (in SubmissionInput) id() (service.SubmissionID, error) {
	v, err := id.Parse[service.Submission](in.ID)
	if err != nil {
		return 0, errs.E(errs.NotFound, "service.publish.notFound")
	}
	return v, nil
}

func (d Deps) apiGet(ctx context.Context, in *SubmissionInput) (*SubmissionOutput, error) {
	v, err := in.id()
	if err != nil {
		return nil, err
	}
	x, err := d.Library.Submission(ctx, v)
	if err != nil {
		return nil, err
	}
	return &SubmissionOutput{Body: shown(x)}, nil
}

// DecideInput is an act of a second person.
type DecideInput struct {
	web.Keyed
	SubmissionInput
	Body struct {
		Do     string `json:"do" enum:"approve,reject,publish,retire"`
		Day    string `json:"day,omitempty" format:"date" doc:"Of publish: first day in force. Of retire: first day on which it is no more."`
		Reason string `json:"reason,omitempty" maxLength:"2000" doc:"Of reject and retire."`
	}
}

func (d Deps) apiDecide(ctx context.Context, in *DecideInput) (*SubmissionOutput, error) {
	v, err := in.id()
	if err != nil {
		return nil, err
	}
	var day clock.Date
	if in.Body.Do == "publish" || in.Body.Do == "retire" {
		if day, err = clock.ParseDate(in.Body.Day); err != nil {
			return nil, errs.E(errs.Invalid, "serviceweb.badDay", errs.WithFields(errs.Field{Path: "body.day", Key: "serviceweb.badDay"}))
		}
	}
	var x service.Submission
	switch in.Body.Do {
	case "approve", "reject":
		x, err = d.Library.Review(ctx, in.Key, v, in.Body.Do == "approve", in.Body.Reason)
	case "publish":
		x, err = d.Library.Publish(ctx, in.Key, v, day)
	default:
		x, err = d.Library.Retire(ctx, in.Key, v, day, in.Body.Reason)
	}
	if err != nil {
		return nil, err
	}
	return &SubmissionOutput{Body: shown(x)}, nil
}

// place is file and line of a problem.
func place(p decl.Problem) string { return fmt.Sprintf("%s:%d", p.File, p.Pos.Line) }
