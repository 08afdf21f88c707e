// A track, as a sample of Swift.
import Foundation
import struct Media.Codec

typealias Seconds = Double
let maxTracks = 10

/// Something to hear.
@objc public class Track<T>: Base, Playable {
    static let shared = Track()
    let title: String = "none"
    private var player = Player()

    var length: Seconds {
        return player.length
    }

    init(title: String, player: Player) {
        self.title = title
    }

    func play(_ volume: Int, from start: Seconds) -> Result? {
        let session = Session(volume)
        let codec: Codec = session.codec()
        return session.start?.run(codec)
    }

    subscript(index: Int) -> Seconds { 0 }
}

struct Album: Codable {
    var tracks: [Track]
    var year: Int
}

enum Genre: String {
    case rock, pop = "Pop"
    case other(Int)

    func label() -> String { rawValue }
}

protocol Playable: AnyObject {
    associatedtype Unit
    var length: Seconds { get }
    func play() -> Int
}

extension Track: Comparable where T: Sound {
    func louder(than other: Track) -> Bool { true }
}

func shuffle<T>(_ all: [T]) throws -> [T] {
    return all
}
