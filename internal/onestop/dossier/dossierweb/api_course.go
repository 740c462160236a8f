package dossierweb

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
)

type messageInput struct {
	web.Keyed
	CodeInput
	Body struct {
		Name string                     `json:"name" minLength:"1" maxLength:"200" doc:"Name of the message that the process waits for."`
		Corr string                     `json:"corr,omitempty" maxLength:"200" doc:"Correlation, where the process waits for several of one name."`
		Data map[string]json.RawMessage `json:"data,omitempty" doc:"Variables that the process declares."`
	}
}

// message gives a message from elsewhere to the dossier that waits for it.
func (h *handlers) message(ctx context.Context, in *messageInput) (*outcomeOutput, error) {
	m := dossier.Message{Name: in.Body.Name, Corr: in.Body.Corr}
	for name, raw := range in.Body.Data {
		v := process.Var{Name: name}
		if err := json.Unmarshal(raw, &v.Value); err != nil {
			return nil, errs.E(errs.Invalid, "form.invalid", errs.P("n", 1), errs.WithFields(errs.Field{Path: "data." + name, Key: "dossier.message.data"}))
		}
		m.Data = append(m.Data, v)
	}
	slices.SortFunc(m.Data, func(a, b process.Var) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	o, err := h.svc.Receive(ctx, in.Code, m, in.Keyed.Key)
	if err != nil {
		return nil, err
	}
	return outcome(o), nil
}

type correctionInput struct {
	web.Keyed
	CodeInput
	Body struct {
		Kind      string `json:"kind" enum:"retry,skip,move,undo,reopen,halt,merge"`
		Token     int    `json:"token,omitempty" doc:"Branch, of retry, skip, move and undo."`
		Step      string `json:"step,omitempty" doc:"Where move and reopen lead."`
		Into      string `json:"into,omitempty" doc:"Code of the dossier that a duplicate goes into."`
		Reason    string `json:"reason,omitempty" maxLength:"4000"`
		Authority string `json:"authority,omitempty" maxLength:"1000" doc:"Order or decision that it rests on."`
	}
}

func (h *handlers) correction(ctx context.Context, in *correctionInput) (*outcomeOutput, error) {
	b := in.Body
	o, err := h.svc.Correct(ctx, dossier.Correction{
		Kind: b.Kind, Dossier: in.Code, Token: b.Token, Step: b.Step, Into: b.Into, Reason: b.Reason, Authority: b.Authority, Key: in.Keyed.Key,
	})
	if err != nil {
		return nil, err
	}
	return outcome(o), nil
}

// courseAPI are the operations on the course of a dossier.
func (h *handlers) courseAPI(a *web.API, op func(method, path, name string, status int) huma.Operation) {
	web.Op(a, op(http.MethodPost, "/dossiers/{code}/messages", "messageDossier", 0), auth.Officer, h.message)
	web.Op(a, op(http.MethodPost, "/dossiers/{code}/corrections", "correctDossier", 0), auth.Officer, h.correction)
}
