// At a counter the first box that is still empty takes the focus: what is known stands there
// already. A page with news about the last act keeps the focus on that.
export function focusFirstEmpty(root) {
  const region = root.querySelector('[data-kh-first]')
  if (!region || root.querySelector('[data-kh-focus]')) return
  for (const box of region.querySelectorAll('input:not([type=hidden]):not([type=file]), select, textarea')) {
    if (!box.getClientRects().length || box.disabled || box.readOnly) continue
    const empty = box.type === 'radio' ? !region.querySelector(`input[name="${CSS.escape(box.name)}"]:checked`) : box.type !== 'checkbox' && box.value === ''
    if (!empty) continue
    box.focus()
    return
  }
}
