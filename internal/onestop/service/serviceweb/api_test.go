package serviceweb_test

import (
	"net/http"
	"testing"

	"khue/internal/citytest"
	"khue/internal/onestop/service/serviceweb"
)

func TestServicesOfADay(t *testing.T) {
	t.Parallel()
	c := citytest.New(t) // 2025-06-23, three tiers
	var list struct {
		Items []serviceweb.Brief `json:"items"`
		Next  string             `json:"next"`
	}
	c.Visitor().Get("/api/v1/services").Want(http.StatusOK).Into(&list)
	if len(list.Items) != 1 || list.Items[0].Version != "1.4.0" || list.Items[0].Level != 3 || list.Items[0].Why.EN == "" || list.Next != "" {
		t.Errorf("%+v", list)
	}
	c.Visitor().Get("/api/v1/services?on=2025-07-01").Want(http.StatusOK).Into(&list)
	if len(list.Items) != 1 || list.Items[0].Version != "2.1.0" {
		t.Errorf("%+v", list)
	}
	c.Visitor().Get("/api/v1/services?on=1.7.2025").Want(http.StatusUnprocessableEntity)

	var one serviceweb.Full
	c.Visitor().Get("/api/v1/services/" + list.Items[0].ID).Want(http.StatusOK).Into(&one)
	paths := map[string]serviceweb.Field{}
	for _, f := range one.Fields {
		paths[f.Path] = f
	}
	if f := paths["child.sex"]; f.Required != "true" || len(f.Codes) != 2 {
		t.Errorf("%+v", f)
	}
	if f := paths["mother.residence.unit"]; f.Type != "unit" || f.When == "" {
		t.Errorf("%+v", f)
	}
	if len(one.Papers) == 0 || len(one.Steps) == 0 {
		t.Errorf("%+v", one)
	}
	c.Visitor().Get("/api/v1/services/nothing").Want(http.StatusNotFound)
}
