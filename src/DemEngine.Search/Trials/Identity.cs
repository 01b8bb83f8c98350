using System.IO.Hashing;
using System.Text;

namespace DemEngine.Search.Trials;

/// <summary>A name for people, and a hash of all that the named thing does to a trial's result.</summary>
/// <param name="Name">As tables show it.</param>
/// <param name="Hash">32 hexadecimal digits.</param>
public sealed record Identity(string Name, string Hash)
{
    /// <summary>Hashes texts (XXH3-128).</summary>
    /// <param name="name">For people.</param>
    /// <param name="parts">What counts; where one ends and the next begins counts too.</param>
    public static Identity Of(string name, params IEnumerable<string> parts)
    {
        var hash = new XxHash128();
        foreach (string part in parts)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(part);
            hash.Append(BitConverter.GetBytes(bytes.Length));
            hash.Append(bytes);
        }

        return new Identity(name, Convert.ToHexStringLower(hash.GetCurrentHash()));
    }
}
