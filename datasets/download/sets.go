package download

import (
	"fmt"
	"path"
	"strings"

	"lbsam/internal/suggest"
)

// An Archive is one file as its authors published it.
type Archive struct {
	Path   string   // below the data folder, with slashes: where torchvision puts it
	URLs   []string // where it can be had, the official address first
	Size   int64    // bytes
	MD5    string   // in hex
	SHA256 string   // in hex; "": none is published, and MD5 decides
}

// A Set is the archives of a data set.
type Set struct {
	Name     string
	Archives []Archive
}

// Size is the number of bytes of all archives.
func (s Set) Size() (bytes int64) {
	for _, a := range s.Archives {
		bytes += a.Size
	}
	return bytes
}

// Sets returns all sets that can be had. The numbers are published facts:
//
//	CIFAR    MD5 on the page of its authors; size and SHA-256 in TensorFlow Datasets
//	MNIST    MD5 in torchvision; size and SHA-256 in TensorFlow Datasets; Fashion-MNIST too
//	SVHN     MD5 in torchvision; size and SHA-256 in TensorFlow Datasets
//	Tiny ImageNet  MD5 in Avalanche and others, the size that the server tells; no SHA-256
func Sets() []Set {
	return []Set{cifar10(), cifar100(), mnist(), fashionMNIST(), svhn(), tinyImageNet()}
}

// Names returns the names of Sets.
func Names() (names []string) {
	for _, s := range Sets() {
		names = append(names, s.Name)
	}
	return names
}

// Find returns the set with a name of Names; case, dashes and underscores do
// not count.
func Find(name string) (Set, error) {
	for _, s := range Sets() {
		if fold(s.Name) == fold(name) {
			return s, nil
		}
	}
	meant := ""
	if near := suggest.Nearest(fold(name), Names()); near != "" {
		meant = fmt.Sprintf(" (did you mean %s?)", near)
	}
	return Set{}, fmt.Errorf("no data set %q to download%s: want one of %s", name, meant, strings.Join(Names(), ", "))
}

// fold makes names that differ in case, dashes and underscores equal.
func fold(name string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))
}

// at returns the addresses of a file in several folders.
func at(file string, folders ...string) (urls []string) {
	for _, folder := range folders {
		urls = append(urls, folder+path.Base(file))
	}
	return urls
}

// The Python version is the one that torchvision finds too. Since June 2026 the
// first address redirects to the second one.
func cifar(file string, size int64, md5, sha256 string) Archive {
	return Archive{file, at(file, "https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/"), size, md5, sha256}
}

func cifar10() Set {
	return Set{"CIFAR10", []Archive{
		cifar("cifar-10-python.tar.gz", 170_498_071, "c58f30108f718f92721af3b95e74349a", "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"),
	}}
}

func cifar100() Set {
	return Set{"CIFAR100", []Archive{
		cifar("cifar-100-python.tar.gz", 169_001_437, "eb9058c3a382ffc7106e4002c42a8d85", "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"),
	}}
}

// The author's own server refuses downloads; these are copies, of PyTorch and
// of the Computer Vision Data Foundation.
func mnist() Set {
	file := func(name string, size int64, md5, sha256 string) Archive {
		return Archive{"MNIST/raw/" + name, at(name, "https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"), size, md5, sha256}
	}
	return Set{"MNIST", []Archive{
		file("train-images-idx3-ubyte.gz", 9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
		file("train-labels-idx1-ubyte.gz", 28_881, "d53e105ee54ea40749a09fcbcd1e9432", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
		file("t10k-images-idx3-ubyte.gz", 1_648_877, "9fb629c4189551a2d022fa330f9573f3", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
		file("t10k-labels-idx1-ubyte.gz", 4_542, "ec29112dd5afa0611ce80d1b7f02629c", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
	}}
}

// The first address is plain HTTP: the checksum is what protects. The second one
// is the authors' repository, the third one what Keras reads.
func fashionMNIST() Set {
	file := func(name string, size int64, md5, sha256 string) Archive {
		return Archive{"FashionMNIST/raw/" + name, at(name, "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
			"https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
			"https://storage.googleapis.com/tensorflow/tf-keras-datasets/"), size, md5, sha256}
	}
	return Set{"FashionMNIST", []Archive{
		file("train-images-idx3-ubyte.gz", 26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d", "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
		file("train-labels-idx1-ubyte.gz", 29_515, "25c81989df183df01b3e8a0aad5dffbe", "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
		file("t10k-images-idx3-ubyte.gz", 4_422_102, "bef4ecab320f06d8554ea6380940ec79", "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
		file("t10k-labels-idx1-ubyte.gz", 5_148, "bb300cfdad3c16e7a12a480ee83cd310", "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
	}}
}

func svhn() Set {
	file := func(name string, size int64, md5, sha256 string) Archive {
		return Archive{name, at(name, "http://ufldl.stanford.edu/housenumbers/"), size, md5, sha256}
	}
	return Set{"SVHN", []Archive{
		file("train_32x32.mat", 182_040_794, "e26dedcc434d2e4c54c9b2d4a06d8373", "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8"),
		file("test_32x32.mat", 64_275_384, "eb5a983be6a315427106f1b164d9cef3", "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b"),
	}}
}

func tinyImageNet() Set {
	const name = "tiny-imagenet-200.zip"
	return Set{"TinyImageNet", []Archive{
		{name, at(name, "http://cs231n.stanford.edu/", "https://cs231n.stanford.edu/"), 248_100_043, "90528d7ca1a48142e341f4ef8d21d0de", ""},
	}}
}
