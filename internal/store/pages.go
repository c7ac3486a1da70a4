package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"runtime/debug"
	"syscall"
	"time"
)

// ErrDamaged is a file that is not what was written: by a failing disk, or by
// somebody. Nothing is read from it or added to it.
var ErrDamaged = errors.New("the store is damaged: look after the disk, keep this file, and restore the last backup")

// The layout of a bbolt file, as far as a walk over its pages needs it.
const (
	pageHead    = 16 // id 8, flags 2, count 2, overflow 4
	element     = 16 // of a branch: pos 4, key size 4, page 8; of a leaf: flags 4, pos 4, key size 4, value size 4
	branchPage  = 0x01
	leafPage    = 0x02
	freePage    = 0x10
	manyIDs     = 0xFFFF         // the count of a longer list stands before it
	noFreelist  = math.MaxUint64 // the last commit has not written it
	bucketFlag  = 0x01
	bucketHead  = 16 // root page 8, sequence 8
	headMagic   = 0xED0CDAED
	headLen     = 64 // of a head's record, checksum included
	mostDepth   = 64
	mostPageLog = 14 // pages are 1 KiB << 0 to 14
)

// checkFile walks over the pages of the store at path before
// bbolt does, which trusts them: it would panic over a bad one, and a file that
// is too short ends the process. The file is locked meanwhile, as bbolt does;
// somebody else's lock is waited for. headless is an error where one of the two
// heads cannot be read: then the last commit may be missing.
func checkFile(path string, wait time.Duration) (headless, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for until := time.Now().Add(wait); ; time.Sleep(min(wait, 20*time.Millisecond)) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock the store %s: %w", path, err)
		}
		if time.Now().After(until) {
			return nil, fmt.Errorf("%s: %w", path, ErrLocked)
		}
	}
	headless, err = checkPages(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w (%w)", path, ErrDamaged, err)
	}
	return headless, nil
}

// checkPages walks over the pages of an open file.
func checkPages(f *os.File) (headless, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 {
		return nil, errors.New("it is empty")
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, syscall.Munmap(data)) }()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it cannot be read to its end: %v", p)
		}
	}()
	h, headless, err := newestHead(data)
	if err != nil {
		return nil, err
	}
	if have := uint64(len(data)); h.pages > have/h.pageSize {
		return nil, fmt.Errorf("it has %d bytes and should have %d", have, h.pages*h.pageSize)
	}
	w := &walk{data: data, pageSize: h.pageSize, pages: h.pages, met: make([]bool, h.pages)}
	if err := w.tree(h.root, 0, nil, nil); err != nil {
		return headless, err
	}
	return headless, w.freelist(h.freelist)
}

// head is what a file's first or second page says.
type head struct{ pageSize, root, freelist, pages, commit uint64 }

// newestHead is the head that counts. headless says that the other cannot be
// read.
func newestHead(data []byte) (h head, headless, err error) {
	first, ok := headAt(data, 0)
	var second head
	found := false
	if ok {
		second, found = headAt(data, first.pageSize)
	} else {
		for i := 0; i <= mostPageLog && !found; i++ {
			second, found = headAt(data, 1024<<i)
			found = found && second.pageSize == 1024<<i
		}
	}
	switch {
	case !ok && !found:
		return h, nil, errors.New("neither of its two heads can be read, or it is no store")
	case !ok:
		return second, errors.New("the first of the store's two heads cannot be read: the last change may be missing"), nil
	case !found:
		return first, errors.New("the second of the store's two heads cannot be read: the last change may be missing"), nil
	case second.commit > first.commit:
		return second, nil, nil
	}
	return first, nil, nil
}

func headAt(data []byte, at uint64) (h head, ok bool) {
	if uint64(len(data)) < at+pageHead+headLen {
		return h, false
	}
	raw := data[at+pageHead:][:headLen]
	sum := fnv.New64a()
	_, _ = sum.Write(raw[:headLen-8])
	if binary.NativeEndian.Uint32(raw) != headMagic || binary.NativeEndian.Uint64(raw[headLen-8:]) != sum.Sum64() {
		return h, false
	}
	h = head{
		pageSize: uint64(binary.NativeEndian.Uint32(raw[8:])),
		root:     binary.NativeEndian.Uint64(raw[16:]),
		freelist: binary.NativeEndian.Uint64(raw[32:]),
		pages:    binary.NativeEndian.Uint64(raw[40:]),
		commit:   binary.NativeEndian.Uint64(raw[48:]),
	}
	return h, h.pageSize >= 1024
}

// walk is one over every page that can be reached.
type walk struct {
	data            []byte
	pageSize, pages uint64
	met             []bool
}

// tree walks over the page, which holds keys from lo (nil: any) up to below hi
// (nil: any), and all below it.
func (w *walk) tree(id uint64, depth int, lo, hi []byte) error {
	if depth > mostDepth {
		return fmt.Errorf("page %d lies too deep", id)
	}
	p, err := w.meet(id)
	if err != nil {
		return err
	}
	return w.page(p, depth, lo, hi)
}

// meet finds a page that nothing else may lead to.
func (w *walk) meet(id uint64) (page, error) {
	if id < 2 || id >= w.pages {
		return page{}, fmt.Errorf("a page leads to page %d, where nothing of the kind is", id)
	}
	p := page{id: id, body: w.data[id*w.pageSize:]}
	over := uint64(binary.NativeEndian.Uint32(p.body[12:]))
	if binary.NativeEndian.Uint64(p.body) != id || over >= w.pages-id {
		return p, p.bad("is not the page that was written there")
	}
	for i := id; i <= id+over; i++ {
		if w.met[i] {
			return p, p.bad("is used twice")
		}
		w.met[i] = true
	}
	p.body = p.body[:(over+1)*w.pageSize]
	return p, nil
}

// freelist walks over the list of the pages that are free, if there is one: each
// would be written over.
func (w *walk) freelist(id uint64) error {
	if id == noFreelist {
		return nil
	}
	p, err := w.meet(id)
	if err != nil {
		return err
	}
	ids, n := p.body[pageHead:], uint64(binary.NativeEndian.Uint16(p.body[10:]))
	if n == manyIDs {
		n, ids = binary.NativeEndian.Uint64(ids), ids[8:]
	}
	if binary.NativeEndian.Uint16(p.body[8:]) != freePage || n > uint64(len(ids))/8 {
		return p.bad("is not the list of free pages")
	}
	for ; n > 0; n, ids = n-1, ids[8:] {
		free := binary.NativeEndian.Uint64(ids)
		if free < 2 || free >= w.pages || w.met[free] {
			return p.bad("calls a page free that is not")
		}
		w.met[free] = true
	}
	return nil
}

// page walks over one page's elements.
func (w *walk) page(p page, depth int, lo, hi []byte) error {
	flags := binary.NativeEndian.Uint16(p.body[8:])
	n := int(binary.NativeEndian.Uint16(p.body[10:]))
	if flags != branchPage && flags != leafPage || pageHead+n*element > len(p.body) {
		return p.bad("is not the page that was written there")
	}
	var last []byte
	for i := range n {
		key, _, ok := p.element(i, flags)
		if !ok || i > 0 && bytes.Compare(last, key) >= 0 {
			return p.bad("holds keys that are out of order or out of bounds")
		}
		if i == 0 && lo != nil && bytes.Compare(key, lo) < 0 {
			return p.bad("holds keys that belong elsewhere")
		}
		last = key
	}
	if n > 0 && hi != nil && bytes.Compare(last, hi) >= 0 {
		return p.bad("holds keys that belong elsewhere")
	}
	for i := range n {
		if flags == leafPage && !p.holdsTable(i) {
			continue
		}
		if err := w.below(p, i, n, flags, depth, hi); err != nil {
			return err
		}
	}
	return nil
}

// holdsTable says whether an element of a leaf is a table of its own.
func (p page) holdsTable(i int) bool {
	return binary.NativeEndian.Uint32(p.body[pageHead+i*element:])&bucketFlag != 0
}

// below walks over what the i-th of n elements leads to. hi bounds the page's keys.
func (w *walk) below(p page, i, n int, flags uint16, depth int, hi []byte) error {
	if flags == branchPage {
		lo, _, _ := p.element(i, flags)
		if i+1 < n {
			hi, _, _ = p.element(i+1, flags)
		}
		return w.tree(binary.NativeEndian.Uint64(p.body[pageHead+i*element+8:]), depth+1, lo, hi)
	}
	_, value, _ := p.element(i, flags)
	if len(value) < bucketHead {
		return p.bad("holds a table that is cut off")
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		return w.tree(root, depth+1, nil, nil)
	}
	if len(value) < bucketHead+pageHead {
		return p.bad("holds a table that is cut off")
	}
	return w.page(page{id: p.id, body: value[bucketHead:]}, depth+1, nil, nil)
}

// page is one page and those that it overflows to.
type page struct {
	id   uint64
	body []byte
}

func (p page) bad(how string) error { return fmt.Errorf("page %d %s", p.id, how) }

// element is the key and, in a leaf, the value of a page's element; not ok if
// they would lie outside the page.
func (p page) element(i int, flags uint16) (key, value []byte, ok bool) {
	at := pageHead + i*element
	head := p.body[at:][:element]
	var pos, k, v uint64
	if flags == branchPage {
		pos, k = uint64(binary.NativeEndian.Uint32(head)), uint64(binary.NativeEndian.Uint32(head[4:]))
	} else {
		pos, k = uint64(binary.NativeEndian.Uint32(head[4:])), uint64(binary.NativeEndian.Uint32(head[8:]))
		v = uint64(binary.NativeEndian.Uint32(head[12:]))
	}
	from := uint64(at) + pos
	if pos < element || from+k+v > uint64(len(p.body)) {
		return nil, nil, false
	}
	return p.body[from : from+k], p.body[from+k : from+k+v], true
}
