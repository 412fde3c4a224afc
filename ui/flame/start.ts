import { frameLabel, type Profile, pathOf } from '../../audit/index.ts'

/** How a picture is looked at first, besides its phases: the viewer begins with it, and a still picture shows it. */
export interface PictureStart {
  /** what weights are told in first: `request` stands for the columns' own `divide` */
  unit?: 'request' | 'total' | 'share'
  /** the function that a sandwich is made of */
  of?: string
  /** the node that fills the width */
  node?: number
  search?: string
}

/** What a still picture says of it; the viewer shows it by its controls. */
export function startWords(profile: Profile, { of, node = 0, search = '' }: PictureStart): string {
  const zoom = node > 0 ? pathOf(profile, node).map(frameLabel).slice(-2).join(' › ') : ''
  return [
    of !== undefined && `around ${frameLabel(of)}: its callers above it, what it calls below`,
    zoom !== '' && `zoomed to ${zoom}`,
    search !== '' && `searched for ${search}`,
  ]
    .filter((part) => part !== false)
    .join(' · ')
}
