package identityweb

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/web"
	"khue/internal/register/identity"
	"khue/internal/register/orgunit"
)

// A personnel system keeps officers by SCIM 2.0 (RFC 7643, 7644): officers are Users, posts are
// Groups. What gives a right is proposed and answers 202: two people decide.

const (
	scimUser  = "urn:ietf:params:scim:schemas:core:2.0:User"
	scimGroup = "urn:ietf:params:scim:schemas:core:2.0:Group"
	scimStaff = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	scimPost  = "urn:khue:params:scim:schemas:extension:post:2.0:User" // the post of a new officer
	scimList  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	scimPatch = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	scimError = "urn:ietf:params:scim:api:messages:2.0:Error"
	scimType  = "application/scim+json"

	scimPage = 100
	maxSCIM  = 256 << 10
)

// scimRoutes are the personnel system's.
func (h handlers) scimRoutes() []web.Route {
	p := auth.AnyRole(identity.Provisioner)
	route := func(method, path string, do web.HandlerFunc) web.Route {
		return web.Route{Method: method, Path: "/scim/v2" + path, Policy: p, Do: h.scim(do)}
	}
	return []web.Route{
		route(http.MethodGet, "/ServiceProviderConfig", h.scimConfig),
		route(http.MethodGet, "/ResourceTypes", h.scimTypes),
		route(http.MethodGet, "/Users", h.scimUsers),
		route(http.MethodPost, "/Users", h.scimCreate),
		route(http.MethodGet, "/Users/{id}", h.scimRead),
		route(http.MethodPatch, "/Users/{id}", h.scimChange),
		route(http.MethodDelete, "/Users/{id}", h.scimDelete),
		route(http.MethodGet, "/Groups", h.scimGroups),
		route(http.MethodGet, "/Groups/{id}", h.scimGroupRead),
		route(http.MethodPatch, "/Groups/{id}", h.scimGroupChange),
	}
}

// scim says refusals as the protocol wants them.
func (h handlers) scim(do web.HandlerFunc) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := do(w, r)
		if err == nil {
			return nil
		}
		p := web.ProblemOf(r.Context(), err)
		kinds := map[int]string{http.StatusConflict: "uniqueness", http.StatusUnprocessableEntity: "invalidValue", http.StatusBadRequest: "invalidValue"}
		body := map[string]any{"schemas": []string{scimError}, "status": strconv.Itoa(p.Status), "detail": p.Detail}
		if len(p.Errors) > 0 {
			body["detail"] = p.Detail + " " + p.Errors[0].Path + ": " + p.Errors[0].Message
		}
		if p.Status == http.StatusUnprocessableEntity {
			p.Status = http.StatusBadRequest
			body["status"] = "400"
		}
		if e, ok := errs.As(err); ok && e.Key == "identityweb.scim.filter" {
			body["scimType"] = "invalidFilter"
		} else if t := kinds[p.Status]; t != "" {
			body["scimType"] = t
		}
		web.Refused(w, r, err)
		return answerSCIM(w, p.Status, body)
	}
}

func answerSCIM(w http.ResponseWriter, status int, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", scimType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err = w.Write(b)
	return err
}

func bad(key string) error { return errs.E(errs.Invalid, "identityweb.scim."+key) }

func readSCIM(r *http.Request, into any) error {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxSCIM))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return errs.E(errs.Invalid, "identityweb.scim.json", errs.Cause(err))
	}
	return nil
}

type scimValue struct {
	Value   string `json:"value"`
	Display string `json:"display,omitempty"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

type scimName struct {
	Formatted string `json:"formatted"`
}

type scimMeta struct {
	Type     string `json:"resourceType"`
	Created  string `json:"created,omitempty"`
	Location string `json:"location"`
}

type scimStaffBody struct {
	Number     string `json:"employeeNumber,omitempty"`
	Department string `json:"department,omitempty"`
}

// scimPostBody is the first post of a new officer, and where a proposal stands.
type scimPostBody struct {
	Unit     string `json:"unit,omitempty"`
	Role     string `json:"role,omitempty"`
	Decision string `json:"decision,omitempty"`
	Proposal string `json:"proposal,omitempty"`
	Status   string `json:"status,omitempty"`
}

type scimUserBody struct {
	Schemas []string       `json:"schemas"`
	ID      string         `json:"id,omitempty"`
	Login   string         `json:"userName"`
	Display string         `json:"displayName,omitempty"`
	Name    *scimName      `json:"name,omitempty"`
	Active  bool           `json:"active"`
	Emails  []scimValue    `json:"emails,omitempty"`
	Phones  []scimValue    `json:"phoneNumbers,omitempty"`
	Groups  []scimValue    `json:"groups,omitempty"`
	Staff   *scimStaffBody `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,omitempty"`
	Post    *scimPostBody  `json:"urn:khue:params:scim:schemas:extension:post:2.0:User,omitempty"`
	Meta    *scimMeta      `json:"meta,omitempty"`
}

func groupID(u orgunit.UnitID, r orgunit.Role) string { return u.String() + "." + string(r) }

func (h handlers) userBody(ctx context.Context, k identity.Known) scimUserBody {
	id := accountText(k.Account)
	out := scimUserBody{
		Schemas: []string{scimUser, scimStaff}, ID: id, Login: k.Login, Display: k.Name, Name: &scimName{k.Name}, Active: k.Active,
		Staff: &scimStaffBody{Number: k.Number}, Meta: &scimMeta{Type: "User", Created: k.Since.UTC().Format("2006-01-02T15:04:05Z"), Location: "/scim/v2/Users/" + id},
	}
	if k.Email != "" {
		out.Emails = []scimValue{{Value: k.Email, Type: "work", Primary: true}}
	}
	if k.Phone != "" {
		out.Phones = []scimValue{{Value: k.Phone, Type: "work"}}
	}
	for _, p := range k.Posts {
		out.Groups = append(out.Groups, scimValue{Value: groupID(p.Unit, p.Role), Display: roleName(ctx, p.Role) + ", " + h.fullName(ctx, p.Unit)})
		if out.Staff.Department == "" {
			out.Staff.Department = h.fullName(ctx, p.Unit)
		}
	}
	return out
}

func (h handlers) scimConfig(w http.ResponseWriter, _ *http.Request) error {
	yes, no := map[string]any{"supported": true}, map[string]any{"supported": false}
	return answerSCIM(w, http.StatusOK, map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"}, "patch": yes, "bulk": no, "changePassword": no, "sort": no, "etag": no,
		"filter":                map[string]any{"supported": true, "maxResults": scimPage},
		"authenticationSchemes": []any{map[string]any{"type": "oauthbearertoken", "name": "Bearer", "description": "Token of a system account with the role provisioner."}},
	})
}

func (h handlers) scimTypes(w http.ResponseWriter, _ *http.Request) error {
	of := func(name, path, schema string) map[string]any {
		return map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": name, "name": name, "endpoint": path, "schema": schema}
	}
	return scimAnswer(w, 2, 1, []any{of("User", "/Users", scimUser), of("Group", "/Groups", scimGroup)})
}

func scimAnswer[T any](w http.ResponseWriter, total, start int, list []T) error {
	if list == nil {
		list = []T{}
	}
	return answerSCIM(w, http.StatusOK, map[string]any{"schemas": []string{scimList}, "totalResults": total, "startIndex": start, "itemsPerPage": len(list), "Resources": list})
}

// window reads startIndex, from 1, and count.
func window(q url.Values) (start, count int) {
	start, count = 1, scimPage
	if n, err := strconv.Atoi(q.Get("startIndex")); err == nil && n > 1 {
		start = min(n, 1<<30)
	}
	if n, err := strconv.Atoi(q.Get("count")); err == nil {
		count = min(max(n, 0), scimPage)
	}
	return start, count
}

// equals is the one filter that is taken: attribute eq "value".
func equals(filter string) (attribute, value string, err error) {
	m := regexp.MustCompile(`^\s*([A-Za-z.]+)\s+(?i:eq)\s+"([^"\\]*)"\s*$`).FindStringSubmatch(filter)
	if m == nil {
		return "", "", bad("filter")
	}
	return strings.ToLower(m[1]), m[2], nil
}

func (h handlers) scimUsers(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	start, count := window(q)
	if f := q.Get("filter"); f != "" {
		attribute, value, err := equals(f)
		if err != nil {
			return err
		}
		if attribute != "username" {
			return bad("filter")
		}
		k, err := h.svc.ByLogin(ctx, value)
		if errs.Is(err, errs.NotFound) {
			return scimAnswer[scimUserBody](w, 0, 1, nil)
		}
		if err != nil {
			return err
		}
		return scimAnswer(w, 1, 1, []scimUserBody{h.userBody(ctx, k)})
	}
	list, total, err := h.svc.Page(ctx, start-1, count)
	if err != nil {
		return err
	}
	out := make([]scimUserBody, len(list))
	for i, k := range list {
		out[i] = h.userBody(ctx, k)
	}
	return scimAnswer(w, total, start, out)
}

func (h handlers) scimUser(r *http.Request) (identity.Known, error) {
	account, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return identity.Known{}, errs.E(errs.NotFound, "identity.officer.none", errs.Cause(err))
	}
	return h.svc.ByAccount(r.Context(), account)
}

func (h handlers) scimRead(w http.ResponseWriter, r *http.Request) error {
	k, err := h.scimUser(r)
	if err != nil {
		return err
	}
	return answerSCIM(w, http.StatusOK, h.userBody(r.Context(), k))
}

// key is the request's own, so that one that is sent again is one proposal.
func key(r *http.Request) string {
	if k := r.Header.Get("Idempotency-Key"); len(k) >= 8 && len(k) <= 100 {
		return k
	}
	return web.NewKey()
}

// scimCreate proposes an officer with the first post. There is no account before two people
// have decided: the answer names the proposal.
func (h handlers) scimCreate(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	var in scimUserBody
	if err := readSCIM(r, &in); err != nil {
		return err
	}
	if in.Post == nil || in.Login == "" {
		return bad("post")
	}
	if _, err := h.svc.ByLogin(ctx, in.Login); err == nil {
		return errs.E(errs.Conflict, "identityweb.scim.exists")
	} else if !errs.Is(err, errs.NotFound) {
		return err
	}
	u, err := h.svc.Units.Now().Resolve(in.Post.Unit)
	if err != nil {
		return err
	}
	e := identity.Entry{Login: in.Login, Name: in.Display, Unit: u.ID, Role: orgunit.Role(in.Post.Role), Decision: in.Post.Decision}
	if in.Name != nil && in.Name.Formatted != "" {
		e.Name = in.Name.Formatted
	}
	if len(in.Emails) > 0 {
		e.Email = in.Emails[0].Value
	}
	if len(in.Phones) > 0 {
		e.Phone = in.Phones[0].Value
	}
	c, err := h.svc.Propose(ctx, identity.Wish{Appoint: &e}, key(r))
	if err != nil {
		return err
	}
	in.Schemas, in.Active = []string{scimUser, scimPost}, false
	in.Post.Proposal, in.Post.Status = c.ID.String(), string(c.Status)
	return answerSCIM(w, http.StatusAccepted, in)
}

type scimOps struct {
	Schemas []string `json:"schemas"`
	Ops     []struct {
		Op    string          `json:"op"`
		Path  string          `json:"path"`
		Value json.RawMessage `json:"value"`
	} `json:"Operations"`
}

// scimChange takes active=false, which shuts out at once and proposes the departure, and how
// an officer is reached. To let somebody in again takes two people.
func (h handlers) scimChange(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	k, err := h.scimUser(r)
	if err != nil {
		return err
	}
	var in scimOps
	if err := readSCIM(r, &in); err != nil {
		return err
	}
	sets := map[string]json.RawMessage{}
	for _, op := range in.Ops {
		if !strings.EqualFold(op.Op, "replace") && !strings.EqualFold(op.Op, "add") {
			return bad("operation")
		}
		if op.Path != "" {
			sets[strings.ToLower(op.Path)] = op.Value
			continue
		}
		var many map[string]json.RawMessage
		if err := json.Unmarshal(op.Value, &many); err != nil {
			return errs.E(errs.Invalid, "identityweb.scim.json", errs.Cause(err))
		}
		for name, v := range many {
			sets[strings.ToLower(name)] = v
		}
	}
	email, phone, out := "", "", false
	for path, v := range sets {
		switch path {
		case "active":
			switch strings.ToLower(strings.Trim(string(v), `"`)) {
			case "false":
				out = true
			case "true":
				if !k.Active {
					return errs.E(errs.Forbidden, "identityweb.scim.admit")
				}
			default:
				return bad("operation")
			}
		case "emails", `emails[type eq "work"].value`:
			email = valueOf(v)
		case "phonenumbers", `phonenumbers[type eq "work"].value`:
			phone = valueOf(v)
		default:
			return bad("operation")
		}
	}
	if email != "" || phone != "" {
		if err := h.svc.Contact(ctx, k.Account, email, phone); err != nil {
			return err
		}
	}
	if out && k.Active {
		if err := h.svc.Bar(ctx, k.Account); err != nil {
			return err
		}
		d := identity.Departure{Account: k.Account, Decision: i18n.T(ctx, "identityweb.scim.decision", "name", auth.From(ctx).Name)}
		if _, err := h.svc.Propose(ctx, identity.Wish{Depart: &d}, key(r)); err != nil && !errs.Is(err, errs.Conflict) {
			return err
		}
	}
	if k, err = h.svc.ByAccount(ctx, k.Account); err != nil {
		return err
	}
	return answerSCIM(w, http.StatusOK, h.userBody(ctx, k))
}

// valueOf is the text of a value, or of the first of a list.
func valueOf(v json.RawMessage) string {
	var text string
	if json.Unmarshal(v, &text) == nil {
		return text
	}
	var list []scimValue
	if json.Unmarshal(v, &list) == nil && len(list) > 0 {
		return list[0].Value
	}
	return ""
}

func (h handlers) scimDelete(http.ResponseWriter, *http.Request) error {
	return errs.E(errs.Forbidden, "identityweb.scim.delete")
}
