using System.Text;
using DemEngine.Errors;
using DemEngine.Evaluation.Tokenization.Definition;
using Microsoft.ML.Tokenizers;

namespace DemEngine.Evaluation.Tokenization.BytePairs;

/// <summary>
/// Encodes pieces of text as ids with byte-pair merges. The merging is done by Microsoft.ML.Tokenizers, which silently drops
/// characters that have no token. It is therefore given only stretches of characters that have one; those between are encoded as
/// bytes, which no merge takes, so the ids are those of merging the piece as a whole.
/// </summary>
internal sealed class BytePairModel
{
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _vocabulary;
    private readonly BpeTokenizer _merging;
    private readonly int[]? _byteIds;
    private readonly bool _ignoreMerges;
    private readonly string _file;

    /// <exception cref="DemException">
    /// DEM2104, DEM2105 (NoTokenizer, BadTokenizer): the vocabulary or the merges cannot be used.
    /// </exception>
    public BytePairModel(TokenizerParts parts)
    {
        _file = parts.File;
        _ignoreMerges = parts.IgnoreMerges;
        _vocabulary = parts.Vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        _byteIds = parts.Spelling == Spelling.ByteFallback ? ByteTokens.Find(parts.Vocabulary, _file) : null;
        CheckMerges(parts);
        _merging = BpeTokenizer.Create(
            new BpeOptions(parts.Vocabulary) { Merges = parts.Merges.Select(merge => $"{merge.Left} {merge.Right}") });
    }

    /// <exception cref="DemException">DEM2104 (NoTokenizer): a character has no token.</exception>
    public void Encode(ReadOnlySpan<char> piece, List<int> ids)
    {
        if (_ignoreMerges && _vocabulary.TryGetValue(piece, out int whole))
        {
            ids.Add(whole);
            return;
        }

        int start = 0;
        for (int at = 0; at < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece[at..], out Rune character, out int length);
            if (!_vocabulary.ContainsKey(piece.Slice(at, length)))
            {
                Merge(piece[start..at], ids);
                AddBytes(character, ids);
                start = at + length;
            }

            at += length;
        }

        Merge(piece[start..], ids);
    }

    private void Merge(ReadOnlySpan<char> known, List<int> ids)
    {
        if (!known.IsEmpty)
            ids.AddRange(_merging.EncodeToIds(known, considerPreTokenization: false, considerNormalization: false));
    }

    private void AddBytes(Rune character, List<int> ids)
    {
        if (_byteIds is null)
            throw TokenizerFault.Unsupported(
                _file,
                $"the vocabulary has no token for {Quoted.Name(character.ToString())} (U+{character.Value:X4})");
        Span<byte> bytes = stackalloc byte[4];
        foreach (byte value in bytes[..character.EncodeToUtf8(bytes)])
            ids.Add(_byteIds[value]);
    }

    private static void CheckMerges(TokenizerParts parts)
    {
        Dictionary<string, int> vocabulary = parts.Vocabulary;
        var seen = new HashSet<(string, string)>();
        foreach (var (left, right) in parts.Merges)
        {
            string named = $"the merge of {Quoted.Name(left)} and {Quoted.Name(right)}";
            if (!vocabulary.ContainsKey(left) || !vocabulary.ContainsKey(right) || !vocabulary.ContainsKey(left + right))
                throw TokenizerFault.Damaged(
                    parts.File, $"{named}: one of the two, or what they make, is not in the vocabulary");
            if (!seen.Add((left, right)))
                throw TokenizerFault.Damaged(parts.File, $"{named} is given twice");
            if (left.Contains(' ') || right.Contains(' '))
                throw TokenizerFault.Unsupported(
                    parts.File, $"{named}: merges of tokens that hold a space are not supported");
            if (parts.Spelling == Spelling.ByteFallback && (ByteTokens.IsName(left) || ByteTokens.IsName(right)))
                throw TokenizerFault.Unsupported(
                    parts.File, $"{named}: merges of bytes that stand for missing characters are not supported");
        }
    }
}
