/** One page of a list that clients page by number. */
export interface NumberedPage {
  limit: number;
  /** How many items come before the page; counts only where `after` is undefined. */
  offset: number;
  /** `next` of the page before: the page begins behind it, however far that is, at the cost of one page. */
  after: string | undefined;
}

export interface NumberedList<T> {
  items: T[];
  /** Items of all pages together. */
  total: number;
  /** Key of the page's last item when more follow. */
  next: string | undefined;
}
