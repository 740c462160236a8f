package counterweb

import "khue/internal/kernel/web"

func (h *handlers) api(*web.API) {}
